package engage_test

import (
	"regexp"
	"strings"
	"testing"

	"excs/shared/engage"
)

// The SQL that each DBMS gets. Oracle and SQL Server can not run here: their text is what is reviewed.
func TestSQL(t *testing.T) {
	schemas := map[string]string{"postgres": "genesys", "sqlserver": "dbo", "oracle": "GENCME", "sqlite": ""}
	for driver, schema := range schemas {
		t.Run(driver, func(t *testing.T) {
			res, err := engage.Resolve(driver, schema, nil, standard(), engage.DocumentedSchema())
			if err != nil {
				t.Fatal(err)
			}
			golden(t, driver+".golden", engage.SQL(res, standard()))
		})
	}
}

// The same with no schema given, all persons, no attributes, what is optional missing, and a table named in the secret.
func TestSQLOfAnotherQuery(t *testing.T) {
	q := engage.Query{Tenant: 1, DNTypes: []int{5}, AllPersons: true}
	for _, driver := range []string{"postgres", "sqlserver", "oracle"} {
		res, err := engage.Resolve(driver, "", map[string]string{"cfg_route_dn": "my_links"}, q, vary(func(s engage.Schema) {
			delete(s, "cfg_transaction")
			move(s, "cfg_route_dn", "my_links")
			s["cfg_person"] = rename(s["cfg_person"], "email_address", "")
			s["cfg_group"] = rename(s["cfg_group"], "group_type", "")
		}))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, driver+"_other.golden", engage.SQL(res, q, "my_links"))
	}
}

var castText = regexp.MustCompile(`CAST\((\w\.\w+) AS nvarchar\(4000\)\)`)

// The dialects differ in placeholders, in how SQL Server selects a text, and in the catalogue query only.
func TestDialectsDifferOnlyInPlaceholders(t *testing.T) {
	text := map[string]string{}
	for driver, placeholder := range map[string]string{"postgres": "$1", "sqlserver": "@p1", "oracle": ":1", "sqlite": "?"} {
		res, err := engage.Resolve(driver, "", nil, standard(), engage.DocumentedSchema())
		if err != nil {
			t.Fatal(err)
		}
		_, statements, _ := strings.Cut(engage.SQL(res, standard()), "-- tenants")
		text[driver] = castText.ReplaceAllString(strings.ReplaceAll(statements, placeholder, "?"), "$1")
	}
	for driver, got := range text {
		if got != text["sqlite"] {
			t.Errorf("the SQL of %s differs from that of sqlite:\n%s", driver, got)
		}
	}
	for _, word := range []string{`\`, "NOLOCK", " AS ", "LIMIT"} {
		if strings.Contains(text["sqlite"], word) {
			t.Errorf("the SQL holds %q, which is not the same everywhere", word)
		}
	}
}
