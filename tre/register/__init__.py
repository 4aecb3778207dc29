"""The public register: what was done with whose data, for whom, and why.

It is made of the log's records and of nothing else, so that anybody who has a copy of
the log has the same register, byte for byte. It opens no table and no published file,
and says nothing that depends on data beyond what was priced:

- whether an admitted question was answered or failed, how long it took, what was
  released and what was suppressed are not in it;
- moments are days;
- questions are shown with what is not public masked; refused ones are not shown;
- people are not named: projects have organisations, approvals have controllers and
  the committee.
"""
