"""Every change ever made to the control database, one file each, never edited."""
