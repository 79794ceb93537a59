"""Plans and runs cells: the only place that joins the rooms below."""
