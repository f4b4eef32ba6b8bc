"""What pages share: who is looking, in which language, and how things are drawn."""
