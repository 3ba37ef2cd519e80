"""The officer's workbook (周推荐月计划表): read as it comes, with a sentence for every cell that is not understood."""
