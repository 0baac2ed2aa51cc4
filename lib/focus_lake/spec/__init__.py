"""What FOCUS says, as data: columns, rules, currencies, and how engines spell the types."""
