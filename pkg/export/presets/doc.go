// Package presets knows the exports of identity providers and frameworks: which tables
// they have, where in them an account's fields are, and which signs say how it signs in.
//
// Each preset is data, one YAML file in the folder data: names of tables and columns, and
// expressions in the SQL of SQLite. The package guarantees that the files are complete,
// that each column that an expression names is declared, and that an expression never
// fails, whatever a row holds: what is not of the vendor's form is no sign. So an account
// with broken data has neither sign, which excludes it where everybody sees it. No preset
// leaves an account out: those that are disabled, blocked or not verified are people too.
//
// It leaves running the SQL to export, and to classify which passwords are usable and what
// becomes of an account with both signs or neither.
package presets
