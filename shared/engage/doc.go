// Package engage reads the Configuration Database of Genesys Engage.
//
// It reads one tenant from PostgreSQL, SQL Server, Oracle or SQLite, in one read-only transaction that sees one state,
// with the same plain SQL everywhere. It returns a snapshot with what `SELECT COUNT(*)` said in that transaction, so that
// model.Prove can tell a complete read from a partial one. It never writes to Engage, never removes anything itself, and
// never puts a password, a DSN or a value of a person into an error or a note.
//
// What a row must be to be read (sources: facts on the Configuration Database, sections 2.2 to 2.8):
//
//	table                 rows read (the COUNT has the same WHERE)              dropped in Go and counted
//	cfg_person            of the tenant; agents, or all on request              a second row with one DBID
//	cfg_skill             of the tenant                                         a second row with one DBID
//	cfg_skill_level       of the persons above, or of nobody                    person or skill gone, skill of another tenant
//	cfg_dn                of the tenant, of the asked types                     a second row with one DBID
//	cfg_group             of the tenant, every group type (see isAgentGroup)    a second row with one DBID
//	cfg_agent_group       of the tenant's groups, or of no group                group or person gone, no agent, another tenant
//	cfg_route_dn          of the tenant's groups, or of no group; not to DNs    group or DN gone, DN of another tenant
//	                      of the tenant that are of a type nobody asked for
//	cfg_flex_prop         parts of virtual/script of the tenant's groups,       group gone
//	                      or of no group
//	cfg_enumerator        of the tenant                                         a second row with one DBID
//	cfg_enumerator_value  of the asked Business Attributes                      a second row with one DBID
//	cfg_transaction       hybrid_integration of the tenant                      (only counted)
//
// Link rows have no tenant; they are reached through their owner (the person, the group). Those of another tenant's
// owner are never read; those whose owner is gone belong to no tenant and are read to be dropped and counted.
//
// Rows in state 3 (deleted) are left out by the WHERE, so that they are absent for the snapshot, for the counts and for
// the check of tables that had rows and have none. A state that is NULL, 0 or unknown reads as enabled, with a note:
// disabling or removing somebody needs a row that says so. The tenant's own state is passed on as it is.
package engage
