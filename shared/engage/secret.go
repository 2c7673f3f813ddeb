package engage

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"excs/shared/model"
)

// Secret says how to reach the Configuration Database. Its JSON is that of the Engage secret (RULES 9):
//
//	{"driver": "postgres", "dsn": "postgres://excs:…@db.example/genesys", "schema": "genesys",
//	 "rootCertificate": "-----BEGIN CERTIFICATE-----\n…", "encoding": "windows-1251",
//	 "columns": {"cfg_route_dn": "cfg_my_links", "cfg_route_dn.dn_dbid": "routed_dbid", "cfg_person.email_address": "mail"}}
//
// Formatting or logging a Secret shows neither the DSN nor anything of it.
type Secret struct {
	// Driver is postgres, sqlserver, oracle or sqlite.
	Driver string `json:"driver"`
	// DSN is the data source name as the database driver takes it.
	DSN string `json:"dsn"`
	// Schema is the schema (Oracle: the owner) that holds the tables; "" means the login's own. SQLite has none.
	Schema string `json:"schema,omitempty"`
	// Columns overrides the names that are looked for. A key is a name of the documented schema, "cfg_person" for a
	// table or "cfg_person.email_address" for a column; the value is its name in this database. The column of a table
	// that has another name is still called by the documented one ("cfg_route_dn.dn_dbid").
	Columns map[string]string `json:"columns,omitempty"`
	// RootCertificate holds the root certificates (PEM) by which the server is verified; "" means the system's, or those
	// that the DSN names.
	RootCertificate string `json:"rootCertificate,omitempty"`
	// TLS is "" or "legacy": take what SQL Server offered before 2016 (TLS 1.0, RSA key exchange, negative serials).
	TLS string `json:"tls,omitempty"`
	// Encoding is the code page in which a Configuration Server that is not multi-language wrote its texts
	// ("windows-1251", "gbk", …); "" where the database itself knows.
	Encoding string `json:"encoding,omitempty"`
}

// ParseSecret reads the JSON of an Engage secret. The error is CodeInvalid and never quotes the text.
func ParseSecret(text []byte) (Secret, error) {
	const op = "parse the Engage secret"
	var s Secret
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // Windows editors begin a file with a byte-order mark
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return Secret{}, model.Errorf(model.CodeInvalid, op, "%s", jsonFault(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Secret{}, model.Errorf(model.CodeInvalid, op, "there is more text after the JSON object")
	}
	s.DSN = strings.TrimSpace(s.DSN) // the end of a line that came along from a file belongs to nothing in it
	if err := s.validate(); err != nil {
		return Secret{}, model.Errorf(model.CodeInvalid, op, "%w", err)
	}
	return s, nil
}

// jsonFault describes what is wrong with the JSON without quoting a value of it.
func jsonFault(err error) string {
	if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return "unknown field " + name + ": use driver, dsn, schema, columns, rootCertificate, tls, encoding"
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("the field %s must be a %s", e.Field, e.Type)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("it is not valid JSON (at byte %d)", e.Offset)
	}
	return "it is not a JSON object"
}

func (s Secret) validate() error {
	d, err := dialectOf(s.Driver)
	if err != nil {
		return err
	}
	switch {
	case strings.TrimSpace(s.DSN) == "":
		return errors.New("dsn is missing: give the data source name of the Configuration Database")
	case s.Schema != "" && d.noSchemas:
		return fmt.Errorf("schema is given, but %s has no schemas: leave it out", d.name)
	case s.Schema != "" && !isIdentifier(s.Schema):
		return fmt.Errorf("schema %q is not a plain name (letters, digits, _ $ #)", s.Schema)
	}
	if err := s.validateTLS(); err != nil {
		return err
	}
	if _, err := decoderOf(s.Encoding); err != nil {
		return err
	}
	return validateOverrides(s.Columns)
}

func (s Secret) validateTLS() error {
	switch {
	case s.TLS != "" && s.TLS != "legacy":
		return errors.New(`tls is "legacy" or left out`)
	case s.TLS != "" && s.Driver != "sqlserver":
		return fmt.Errorf(`tls "legacy" is for SQL Server; %s does without`, s.Driver)
	case s.RootCertificate != "" && s.Driver == "sqlite":
		return errors.New("rootCertificate is given, but sqlite has no server")
	}
	_, err := s.roots()
	return err
}

// roots gives the root certificates, nil for none.
func (s Secret) roots() (*x509.CertPool, error) {
	if s.RootCertificate == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(s.RootCertificate)) {
		return nil, errors.New("rootCertificate holds no certificate: give the text of the PEM file, from -----BEGIN CERTIFICATE----- to the end, with \\n for the ends of its lines")
	}
	return pool, nil
}

func validateOverrides(overrides map[string]string) error {
	known := map[string]bool{}
	for _, n := range needs(Query{}) {
		known[n.table] = true
		for _, c := range n.columns {
			known[n.table+"."+c.name] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(overrides)) {
		if !known[key] {
			return fmt.Errorf("columns: unknown name %q: use one of %s", key, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		if v := overrides[key]; !isIdentifier(v) {
			return fmt.Errorf("columns: the name %q given for %s is not a plain name (letters, digits, _ $ #)", v, key)
		}
	}
	return nil
}

// isIdentifier says whether a name can stand in SQL as it is. Names from the secret and from the catalogue are put into
// statements only if it does.
func isIdentifier(name string) bool {
	const letters = "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if name == "" || len(name) > 128 || !strings.ContainsRune(letters, rune(name[0])) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return !strings.ContainsRune(letters+"0123456789$#", r) })
}

// String gives the driver only.
func (s Secret) String() string { return "engage secret (" + s.Driver + ", dsn hidden)" }

// GoString gives the same for %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue gives the same for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
