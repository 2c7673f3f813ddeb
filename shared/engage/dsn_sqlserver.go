package engage

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
)

const sqlServerForm = `write sqlserver://user:password@host:1433?database=…&encrypt=true or server=host,1433;user id=…;password="…";database=…;encrypt=true`

var sqlServerOptions = optionRules{
	known: []string{
		"database", "encrypt", "trustservercertificate", "certificate", "servercertificate", "hostnameincertificate", "tlsmin",
		"packet size", "connection timeout", "dial timeout", "keepalive", "log", "app name", "workstation id", "applicationintent",
		"failoverpartner", "failoverport", "failoverpartnerspn", "serverspn", "multisubnetfailover", "disableretry", "protocol", "notraceid", "epa enabled",
		"authenticator", "timezone", "guid conversion",
	},
	seconds: []string{"connection timeout", "dial timeout", "keepalive"},
	files:   []string{"certificate", "servercertificate"},
	oneOf: map[string][]string{
		"encrypt":                {"true", "false", "disable", "strict", "mandatory", "optional", "yes", "no", "1", "0", "t", "f"},
		"trustservercertificate": {"true", "false", "yes", "no", "1", "0", "t", "f"},
		"applicationintent":      {"readonly", "readwrite"},
		"protocol":               {"tcp"},
		"tlsmin":                 {"1.0", "1.1", "1.2", "1.3"},
	},
}

// sqlServerSynonyms are other spellings that connection strings of .NET and ODBC have.
var sqlServerSynonyms = map[string]string{
	"app": "app name", "application name": "app name", "data source": "server", "address": "server", "network address": "server", "addr": "server",
	"user": "user id", "uid": "user id", "pwd": "password", "initial catalog": "database", "connect timeout": "connection timeout", "timeout": "connection timeout",
	"failover partner": "failoverpartner", "application intent": "applicationintent", "trust server certificate": "trustservercertificate",
	"multi subnet failover": "multisubnetfailover", "host name in certificate": "hostnameincertificate", "server certificate": "servercertificate",
	"server spn": "serverspn", "wsid": "workstation id",
}

// prepareSQLServer bounds how long the driver waits for the network, which it does for ever by itself. It does not ask
// for a readable secondary (ApplicationIntent=ReadOnly): two of them that lag behind each other look like a source that
// goes back.
func prepareSQLServer(s Secret) (prepared, error) {
	a, err := parseSQLServer(s.DSN)
	if err != nil {
		return prepared{}, err
	}
	if err := sqlServerOptions.check(a.options); err != nil {
		return prepared{}, err
	}
	if s.RootCertificate != "" {
		a.setDefaults([2]string{"encrypt", "true"})
		if a.options["encrypt"] == "disable" || isTrue(a.options["trustservercertificate"]) {
			return prepared{}, errors.New("rootCertificate is given, but the dsn does not verify the server: set encrypt=true and leave out trustServerCertificate")
		}
	}
	a.setDefaults([2]string{"app name", "excs"}, [2]string{"dial timeout", "10"}, [2]string{"connection timeout", "120"})
	host := a.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if a.port != "" {
		host = net.JoinHostPort(a.host, a.port)
	}
	q := url.Values{}
	for key, v := range a.options {
		q.Set(key, v)
	}
	u := url.URL{Scheme: "sqlserver", Host: host, RawQuery: q.Encode()}
	if a.path != "" {
		u.Path = "/" + a.path
	}
	if a.user != "" || a.password != "" {
		u.User = url.UserPassword(a.user, a.password)
	}
	return prepared{u.String(), []string{s.DSN, u.String(), a.password}, sqlServerTLS(a.options)}, nil
}

func sqlServerTLS(options map[string]string) string {
	encrypt, given := options["encrypt"]
	all := slices.Contains([]string{"true", "mandatory", "yes", "1", "t", "strict"}, strings.ToLower(encrypt))
	trusts := isTrue(options["trustservercertificate"])
	switch {
	case strings.EqualFold(encrypt, "disable"):
		return tlsNone
	case !given:
		return "the login is " + tlsUnverified + "; the data goes in clear unless the server asks for more"
	case all && trusts:
		return tlsUnverified
	case all:
		return tlsVerified
	}
	return "the login alone is encrypted; the data goes in clear unless the server asks for more"
}

func isTrue(v string) bool {
	return slices.Contains([]string{"true", "yes", "1", "t"}, strings.ToLower(v))
}

func parseSQLServer(dsn string) (address, error) {
	var a address
	var err error
	switch low := strings.ToLower(dsn); {
	case strings.HasPrefix(low, "sqlserver://"):
		a, err = parseURL(dsn)
	case isScheme(dsn) || !strings.Contains(dsn, "="):
		err = errors.New("the dsn is not one of SQL Server: " + sqlServerForm)
	case strings.HasPrefix(low, "odbc:"):
		a.options, err = semicolons(dsn[len("odbc:"):], "{", "}")
	default:
		a.options, err = semicolons(dsn, `"`, `"`)
	}
	if err != nil {
		return address{}, err
	}
	return a, a.settleSQLServer()
}

// settleSQLServer gives the options one spelling and takes host, port, instance, user and password out of them.
func (a *address) settleSQLServer() error {
	for key, v := range a.options {
		if other, ok := sqlServerSynonyms[key]; ok {
			delete(a.options, key)
			a.options[other] = v
		}
	}
	for _, key := range []string{"integrated security", "trusted_connection"} {
		if _, given := a.options[key]; given {
			return errors.New(`the dsn asks for the Windows login of the program, which has none in AWS: give user id=DOMAIN\user and its password instead`)
		}
	}
	if server, given := a.options["server"]; given {
		host, port, _ := strings.Cut(strings.TrimPrefix(server, "tcp:"), ",")
		a.host, a.path, _ = strings.Cut(strings.TrimSpace(host), `\`)
		a.host = strings.TrimSuffix(strings.TrimPrefix(a.host, "["), "]")
		if strings.Contains(a.host, ":") && net.ParseIP(a.host) == nil {
			return errors.New("the dsn's server has a colon: write host,port")
		}
		a.port = strings.TrimSpace(port)
	}
	for key, field := range map[string]*string{"port": &a.port, "user id": &a.user, "password": &a.password} {
		if v, given := a.options[key]; given {
			*field = v
		}
		delete(a.options, key)
	}
	delete(a.options, "server")
	switch {
	case a.host == "":
		return errors.New("the dsn names no server: " + sqlServerForm)
	case a.port != "" && !isDigits(a.port):
		return errors.New("the dsn's port is not a number")
	case a.user == "":
		return errors.New("the dsn names no login: " + sqlServerForm)
	}
	return nil
}

// semicolons takes key=value;key=value apart. A value that holds a semicolon stands in quotes (ODBC: in braces), in which
// a closing one is doubled.
func semicolons(dsn, open, end string) (map[string]string, error) {
	options := map[string]string{}
	for rest, last := dsn, ""; strings.Trim(rest, "; \t\r\n") != ""; {
		key, value, found := strings.Cut(strings.TrimLeft(rest, "; \t\r\n"), "=")
		key = strings.ToLower(strings.TrimSpace(key))
		_, alias := sqlServerSynonyms[key]
		if !found || strings.Contains(key, ";") || last == "password" && !alias && !slices.Contains(append([]string{"server", "user id", "port"}, sqlServerOptions.known...), key) {
			return nil, errors.New("the dsn's key=value; pairs do not parse: a password that holds ; must stand in double quotes (ODBC: in braces); " + sqlServerForm)
		}
		value = strings.TrimLeft(value, " \t")
		options[key], rest = semicolonValue(value, open, end)
		if last = key; key == "pwd" {
			last = "password"
		}
	}
	return options, nil
}

func semicolonValue(text, open, end string) (value, rest string) {
	if quoted, ok := strings.CutPrefix(text, open); ok {
		var b strings.Builder
		for i := 0; i < len(quoted); i++ {
			if string(quoted[i]) != end {
				b.WriteByte(quoted[i])
				continue
			}
			if strings.HasPrefix(quoted[i+1:], end) {
				i++
				b.WriteString(end)
				continue
			}
			if after := strings.TrimLeft(quoted[i+1:], " \t"); after == "" || after[0] == ';' {
				return b.String(), after
			}
			break // it was no closing quote: the value only begins like a quoted one
		}
	}
	value, rest, _ = strings.Cut(text, ";")
	return strings.TrimSpace(value), rest
}
