"""What an economy is made of: real tables, tables in a configuration, synthetic economies."""
