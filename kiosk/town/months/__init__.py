"""A month on its way from the officer's workbook to signed weeks: sheet, mends, titles, weeks, publication."""
