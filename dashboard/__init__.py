"""How people see and act: staff pages, public pages and the JSON interface."""
