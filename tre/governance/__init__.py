"""Who may do what: people, populations, datasets, projects, and admission."""
