"""The town's database: tables, migrations, transactions."""
