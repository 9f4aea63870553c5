"""Access control: roles and actions, passwords, sign-in attempts, sessions."""
