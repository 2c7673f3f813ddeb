// Package engagetest builds Genesys Engage Configuration Databases ("sites") for tests, demonstrations and benchmarks, and edits them.
//
// It reads nothing but a tier and a seed: the same two give the same site, byte for byte.
// It returns a Site, the model of a contact centre in memory, which it writes into PostgreSQL or SQLite with database/sql, and an Editor
// that applies what administrators do (hire, fire, rename, restore from a backup, …) to the model and to the database alike.
// It never reuses a DBID (but for a restore from a backup, whose point that is), never imports a database driver, and never holds data of real people.
//
// The tables, columns and enumerations are those of a Configuration Database as far as they are publicly known. What is not known (the tables of
// business attributes, transactions and the group-to-DN link, the person's e-mail column) is named by a guess, and Schema can vary each guess.
package engagetest
