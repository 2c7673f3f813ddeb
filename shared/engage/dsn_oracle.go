package engage

import (
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//nolint:gosec // a form, no password
const oracleForm = "write oracle://user:password@host:1521/service (TLS: …@host:2484/service?ssl=true), or user/password@//host:1521/service, or user/password@(DESCRIPTION=…)"

var oracleOptions = optionRules{
	known: []string{
		"server", "service name", "sid", "instance name", "connstr", "wallet", "wallet password", "ssl", "ssl verify",
		"auth type", "auth serv", "encryption", "data integrity", "os user", "os pass", "os password", "domain", "dba privilege", "proxy client name",
		"timeout", "read timeout", "socket timeout", "connect timeout", "connection timeout", "prefetch_rows", "lob fetch",
		"trace file", "trace dir", "language", "territory", "program", "cid", "server location",
	},
	seconds: []string{"timeout", "read timeout", "socket timeout", "connect timeout", "connection timeout", "prefetch_rows"},
	files:   []string{"wallet"},
	oneOf: map[string][]string{
		"ssl":        {"true", "false", "enable", "disable", "enabled", "disabled"},
		"ssl verify": {"true", "false", "enable", "disable", "enabled", "disabled"},
	},
}

// prepareOracle fetches more rows per round trip than the driver's 25, and bounds how long it waits for the network.
func prepareOracle(s Secret) (prepared, error) {
	a, err := parseOracle(s.DSN)
	if err != nil {
		return prepared{}, err
	}
	a.service()
	if s.RootCertificate != "" {
		a.setDefaults([2]string{"ssl", "true"})
	}
	if err := checkOracle(a, s.RootCertificate != ""); err != nil {
		return prepared{}, err
	}
	a.setDefaults([2]string{"prefetch_rows", "500"}, [2]string{"connection timeout", "10"})
	if a.options["read timeout"] == "" && a.options["socket timeout"] == "" {
		a.setDefaults([2]string{"timeout", "120"})
	}
	q := url.Values{}
	for key, v := range a.options {
		switch key {
		case "connstr":
			q.Set("connStr", v) // the one name that the driver looks up in this case only
		case "server":
			q["server"] = strings.Split(v, ",")
		default:
			q.Set(key, v)
		}
	}
	port := a.port
	if port == "" {
		port = "1521"
	}
	u := url.URL{Scheme: "oracle", User: url.UserPassword(a.user, a.password), Host: net.JoinHostPort(a.host, port), Path: "/" + a.path}
	// The driver reads %20, not +, as a space.
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return prepared{u.String(), []string{s.DSN, u.String(), a.password, a.options["wallet password"], a.options["os password"], a.options["os pass"]}, oracleTLS(a.options)}, nil
}

func checkOracle(a address, verify bool) error {
	if err := oracleOptions.check(a.options); err != nil {
		return err
	}
	switch {
	case a.path == "" && a.options["sid"] == "" && a.options["connstr"] == "":
		return errors.New("the dsn names no service: " + oracleForm)
	case verify && (isNo(a.options["ssl"]) || isNo(a.options["ssl verify"])):
		return errors.New("rootCertificate is given, but the dsn does not verify the server: set ssl=true and leave out ssl verify")
	}
	return checkWallet(a.options["wallet"])
}

func oracleTLS(options map[string]string) string {
	switch {
	case options["ssl"] == "" || isNo(options["ssl"]):
		return tlsNone + ", unless the server asks for encryption of Oracle's own"
	case isNo(options["ssl verify"]):
		return tlsUnverified
	}
	return tlsVerified
}

func isNo(v string) bool {
	return slices.Contains([]string{"false", "disable", "disabled"}, strings.ToLower(v))
}

// service makes the service of the option "service name" the path, where there is none.
func (a *address) service() {
	if name := a.options["service name"]; name != "" && a.path == "" {
		a.path = name
		delete(a.options, "service name")
	}
}

func checkWallet(folder string) error {
	if folder == "" {
		return nil
	}
	for _, name := range []string{"cwallet.sso", "ewallet.p12"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return nil
		}
	}
	return errors.New("the dsn's wallet holds neither cwallet.sso nor ewallet.p12; in AWS there is no wallet: give the server's root certificate as rootCertificate in the Engage secret")
}

func parseOracle(dsn string) (address, error) {
	if strings.HasPrefix(dsn, "oracle://") {
		return parseURL(dsn)
	}
	user, rest, hasPassword := strings.Cut(dsn, "/")
	at := strings.LastIndex(rest, "@")
	if i := strings.Index(rest, "@("); i >= 0 { // a descriptor may hold an @ of its own
		at = i
	}
	if isScheme(dsn) || !hasPassword || at < 0 || user == "" {
		return address{}, errors.New("the dsn is not one of Oracle: " + oracleForm)
	}
	a := address{user: user, password: strings.TrimSuffix(strings.TrimPrefix(rest[:at], `"`), `"`), options: map[string]string{}}
	place := strings.TrimSpace(rest[at+1:])
	if strings.HasPrefix(place, "(") {
		a.options["connstr"], a.port = place, "0"
		return a, nil
	}
	if strings.Contains(place, "://") {
		return address{}, errors.New("the dsn names a protocol after the @, which this form does not take (TLS: oracle://user:password@host:2484/service?ssl=true): " + oracleForm)
	}
	host, service, _ := strings.Cut(strings.TrimPrefix(place, "//"), "/")
	var err error
	a.path = service
	a.host, a.port, err = splitHosts(host)
	return a, err
}
