"""CVE Services: what goes out, who agreed to it, and that nothing is reserved twice."""
