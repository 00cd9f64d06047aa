"""What a sceptic asks that takes measurements of their own, beside those that the claims are judged on."""
