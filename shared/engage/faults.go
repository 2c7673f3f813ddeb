package engage

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// What the errors of the drivers mean. A number that stands in no table passes by itself, for a fault that lasts shows
// again at the next run, and one that passes must not wait for an operator.

var postgresFaults = map[string]verdict{
	"28000": denied("the server's pg_hba.conf or the role does not admit this login: " + checkGrants),
	"28P01": denied(checkGrants),
	"42501": denied(checkGrants),
	"0A000": passing("a table was altered while it was read"),
	"26000": passing("a pooler between EXCS and the server lost a prepared statement: leave default_query_exec_mode out of the dsn"),
	"42P05": lasting("a pooler in transaction mode is between EXCS and the server: leave default_query_exec_mode out of the dsn"),
	"08P01": lasting("a pooler between EXCS and the server refuses an option of the dsn: take it out, or have the pooler ignore it (ignore_startup_parameters)"),
	"25006": lasting("something in the read writes: a view or a function of the schema does"),
	"40001": passing("the server ended the read for the sake of another transaction; on a standby: set hot_standby_feedback=on or raise max_standby_streaming_delay"),
	"40P01": passing("the server ended the read to end a deadlock"),
	"53300": passing("the server has no connection left for this login"),
	"55P03": passing("a table is locked"),
	"57014": passing("the server's statement_timeout ended a query: raise it for this login if it happens again"),
	"57P01": passing("the server was shut down"),
	"57P03": passing("the server is starting or recovering"),
	"57P05": passing("the server ended an idle session"),
	"42P01": lasting(checkDSN),
	"42703": lasting(checkDSN),
	"3D000": lasting("there is no such database: " + checkDSN),
	"3F000": lasting(checkDSN),
	"22P05": lasting("a text can not be turned into UTF-8: take client_encoding out of the dsn and give encoding in the Engage secret"),
	"22021": lasting("the database holds bytes that are not of its own encoding: give encoding in the Engage secret"),
	"42704": lasting("the server does not know an option of the dsn, or a type: " + checkDSN),
}

func postgresFault(err error) (verdict, bool) {
	e, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	if !ok {
		return verdict{}, false
	}
	state := e.SQLState()
	if state == "42501" && strings.Contains(err.Error(), "row-level security") {
		return denied("row security hides rows from this login, so a read would be incomplete: ALTER ROLE … BYPASSRLS, or a policy that shows it everything and row security off for it"), true
	}
	if v, ok := postgresFaults[state]; ok {
		return v, true
	}
	switch {
	case strings.HasPrefix(state, "28"):
		return denied(checkGrants), true
	case strings.HasPrefix(state, "42"), strings.HasPrefix(state, "3"), strings.HasPrefix(state, "22"):
		return lasting(checkDSN), true
	}
	return passing(checkNetwork), true
}

var sqlServerFaults = map[int32]verdict{
	18456: denied(checkGrants),
	18452: denied("the server takes no SQL login, or not this Windows login: allow mixed mode, or give user id=DOMAIN\\user"),
	18470: denied("the login is disabled"),
	18486: denied("the login is locked"),
	18487: denied("the login's password has expired"),
	18488: denied("the login must change its password first"),
	4060:  denied("the login can not open the database: check database in the dsn, and its user there"),
	4064:  denied("the login's default database is not open to it: give database in the dsn"),
	229:   denied(checkGrants),
	230:   denied(checkGrants),
	297:   denied(checkGrants),
	300:   denied("the login lacks a permission: " + checkGrants),
	916:   denied("the login is no user of the database"),
	15404: denied("the server can not ask the domain about this login"),
	207:   lasting(checkDSN),
	208:   lasting(checkDSN),
	102:   lasting(checkDSN),
	156:   lasting(checkDSN),
	911:   lasting("there is no such database: " + checkDSN),
	2760:  lasting(checkDSN),
	468:   lasting("two columns have different collations: the tables of this Configuration Database were made by different servers; give them one"),
	457:   lasting("two columns have different collations: give them one"),
	245:   lasting("a column does not hold numbers: " + checkDSN),
	8114:  lasting("a column does not hold numbers: " + checkDSN),
	3952:  lasting("the database does not allow snapshot isolation: ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON"),
	3956:  passing("the database is just allowing snapshot isolation"),
	3957:  lasting("a database that the read needs does not allow snapshot isolation: ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON"),
	3958:  passing("tempdb lost the row versions of the read: it is full"),
	3960:  passing("another transaction changed what the read saw"),
	3961:  passing("a table was altered while it was read"),
	3966:  passing("the server ended the read because tempdb is full"),
	1205:  passing("the server ended the read to end a deadlock"),
	1222:  passing("a table is locked, and EXCS waits no longer for Configuration Server than it must"),
	976:   lasting("this replica of the availability group takes no reads: give the group's listener as the server"),
	978:   lasting("this replica takes only connections that say they read: add ApplicationIntent=ReadOnly, or give the group's listener as the server"),
	979:   lasting("the primary takes no connections that say they read: leave out ApplicationIntent"),
	983:   passing("the availability group is between two primaries"),
	17142: passing("the server is paused"),
	6005:  passing("the server is shutting down"),
	927:   passing("the database is being restored"),
	942:   passing("the database is offline"),
	945:   passing("the database is not accessible"),
	17809: passing("the server has no connection left"),
	40613: passing("the database is not available just now"),
	701:   passing("the server is out of memory"),
	8645:  passing("the server is out of memory"),
}

func sqlServerFault(err error) (verdict, bool) {
	e, ok := errors.AsType[interface {
		error
		SQLErrorNumber() int32
	}](err)
	if !ok {
		return sqlServerNetworkFault(err)
	}
	if v, ok := sqlServerFaults[e.SQLErrorNumber()]; ok {
		return v, true
	}
	return passing(checkNetwork), true
}

// sqlServerNetworkFault knows what go-mssqldb says in words only.
func sqlServerNetworkFault(err error) (verdict, bool) {
	text := err.Error()
	switch {
	case strings.Contains(text, "no instance matching"):
		return lasting("the server has no such instance: check its name, or give the port"), true
	case strings.Contains(text, "unable to get instances from Sql Server Browser"):
		return passing("SQL Server Browser (UDP 1434) does not answer: give the instance's port in the dsn"), true
	case strings.Contains(text, "login error: "), strings.Contains(text, "mssql: login"):
		return denied(checkGrants), true
	case strings.Contains(text, "server does not support encryption"):
		return lasting("the server does not encrypt: encrypt=disable, inside a private network"), true
	}
	return verdict{}, false
}

var oracleFaults = map[int]verdict{
	1017:  denied(checkGrants),
	1005:  denied(checkGrants),
	1031:  denied(checkGrants),
	1045:  denied("the login lacks CREATE SESSION"),
	1988:  denied(checkGrants),
	28000: denied("the account is locked"),
	28001: denied("the password has expired"),
	28002: denied("the password is about to expire"),
	28009: denied(checkGrants),
	28040: lasting("the server takes older or newer password protocols only: set SQLNET.ALLOWED_LOGON_VERSION_SERVER=11 (or 12) on the server and set the login's password anew"),
	3134:  lasting("the server no longer takes this version of a client"),
	942:   lasting("there is no such table, or no SELECT on it: " + checkGrants + "; " + checkDSN),
	904:   lasting(checkDSN),
	900:   lasting(checkDSN),
	933:   lasting(checkDSN),
	936:   lasting(checkDSN),
	911:   lasting(checkDSN),
	1435:  lasting("there is no such schema: " + checkDSN),
	980:   lasting("a synonym leads nowhere: " + checkDSN),
	1775:  lasting("synonyms lead in a circle: " + checkDSN),
	1722:  lasting("a column does not hold numbers: " + checkDSN),
	12154: lasting("the name of the service can not be resolved: check service in the dsn"),
	12505: lasting("the listener knows no such SID: check it in the dsn"),
	12514: lasting("the listener knows no such service: check it in the dsn"),
	12521: lasting("the listener knows no such instance: check it in the dsn"),
	12660: lasting("the server and the dsn do not agree on encryption: add encryption=REQUIRED, or connect by TLS (ssl=true)"),
	12650: lasting("the server and EXCS have no encryption in common: connect by TLS (ssl=true)"),
	12537: passing("the listener closed the connection: it may admit certain hosts only (TCP.INVITED_NODES)"),
	12506: lasting("the listener's access list does not admit this host"),
	28860: lasting("TLS failed: check port, ssl=true and rootCertificate"),
	29024: lasting("the server's certificate is not trusted: give its root certificate as rootCertificate in the Engage secret"),
	1555:  passing("the server no longer has the state that the read began with (undo is too small)"),
	1466:  passing("a table was altered just before it was read"),
	8176:  passing("an index or table was rebuilt while it was read"),
	8103:  passing("a table was rebuilt while it was read"),
	1652:  passing("the server has no temporary space left"),
	60:    passing("the server ended the read to end a deadlock"),
	54:    passing("a table is locked"),
	1013:  passing("the read was cancelled"),
	18:    passing("the server has no session left"),
	20:    passing("the server has no process left"),
	2391:  passing("the login has as many sessions as its profile allows"),
	2399:  passing("the session was longer than its profile allows"),
	1033:  passing("the server is starting or stopping"),
	1034:  passing("the server is not running"),
	1089:  passing("the server is shutting down"),
	3113:  passing("the connection broke"),
	3114:  passing("the connection broke"),
	3135:  passing("the connection broke: a firewall may have cut it"),
	12170: passing("no answer in time: " + checkNetwork),
	12516: passing("the listener has no handler free"),
	12519: passing("the listener has no handler free"),
	12520: passing("the listener has no handler free"),
	12528: passing("the instance takes no new connections just now"),
	12541: passing("nothing listens there: " + checkNetwork),
}

var oracleNumber = regexp.MustCompile(`ORA-(\d{1,5})`)

// oracleFault reads the number after ORA-; go-ora's own type has no method for it.
func oracleFault(err error) (verdict, bool) {
	m := oracleNumber.FindStringSubmatch(err.Error())
	if m == nil {
		return verdict{}, false
	}
	n, convErr := strconv.Atoi(m[1])
	if v, ok := oracleFaults[n]; ok && convErr == nil {
		return v, true
	}
	return passing(checkNetwork), true
}

// sqliteFault reads the primary result code.
func sqliteFault(err error) (verdict, bool) {
	e, ok := errors.AsType[interface {
		error
		Code() int
	}](err)
	if !ok {
		return verdict{}, false
	}
	switch e.Code() & 0xff {
	case 3, 23: // PERM, AUTH
		return denied(checkGrants), true
	case 1, 14, 26, 8: // no such table; no such file; not a database; read-only
		return lasting(checkDSN), true
	}
	return passing("the file is busy or can not be read"), true
}

// tlsRow is a lasting fault of TLS: how it shows, and what to set. go-mssqldb keeps only the text of the errors of
// crypto/tls and crypto/x509, so the text decides; hints name the setting of each DBMS.
type tlsRow struct {
	texts                       []string
	postgres, sqlserver, oracle string
}

const (
	giveRoot     = "the server's certificate is signed by nobody known here: give its root certificate (PEM) as rootCertificate in the Engage secret"
	giveHost     = "the certificate is for other names: give one of them as the host in the dsn"
	noIP         = "the certificate names no IP address: give the server's name as the host in the dsn (if the certificate has none, it needs a subjectAltName)"
	noSAN        = "the certificate names no host: it needs a subjectAltName"
	newerTLS     = "the server's TLS is older than 1.2: bring it up to date"
	otherServer  = "what listens there does not speak TLS on this port, or is no server of this sort: check host and port"
	badSerial    = "the server's certificate has a negative serial number, which Go refuses: give the server another certificate"
	legacyToo    = `, or take it as it is ("tls":"legacy" in the Engage secret)`
	withoutTLS   = ", or go without TLS inside a private network "
	expired      = "the server's certificate has expired or is not valid yet: renew it"
	caOnly       = ", or verify without the name (sslmode=verify-ca)"
	otherCiphers = "the server and EXCS have no TLS protocol or cipher in common: bring the server up to date"
)

var tlsRows = []tlsRow{
	{[]string{"negative serial number"}, badSerial + withoutTLS + "(sslmode=disable)", badSerial + legacyToo + withoutTLS + "(encrypt=disable)", badSerial},
	{[]string{"relies on legacy Common Name", "certificate is not valid for any names"}, noSAN + caOnly, noSAN + ", or give the name it has as hostNameInCertificate", noSAN},
	{[]string{"doesn't contain any IP SANs"}, noIP + caOnly, noIP + ", or as hostNameInCertificate", noIP},
	{[]string{"certificate is valid for"}, giveHost + caOnly, giveHost + ", or as hostNameInCertificate", giveHost},
	{[]string{"signed by unknown authority", "certificate is not trusted"}, giveRoot, giveRoot, giveRoot},
	{[]string{"has expired or is not yet valid"}, expired, expired, expired},
	{[]string{"protocol version not supported", "unsupported protocol version", "unsupported versions"}, newerTLS, newerTLS + legacyToo, newerTLS},
	{[]string{"handshake failure", "insufficient security", "no cipher suite", "unconfigured cipher suite"}, otherCiphers, otherCiphers + legacyToo, otherCiphers},
	{[]string{"first record does not look like a TLS handshake"}, otherServer, otherServer, otherServer},
	{[]string{"server refused TLS connection"}, "the server has no TLS: set ssl=on there" + withoutTLS + "(sslmode=disable)", "", ""},
	{[]string{"certificate required", "bad certificate"}, "the server asks for a client certificate: give sslcert and sslkey in the dsn", "the server asks for a client certificate, which SQL Server does not", "the server asks for a client certificate: give wallet in the dsn"},
	{[]string{"x509: ", "failed to parse certificate"}, giveRoot, giveRoot, giveRoot},
}

func tlsFault(err error, dbms string) (verdict, bool) {
	text := err.Error()
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		text += " x509: "
	}
	if e, ok := errors.AsType[x509.HostnameError](err); ok && len(e.Certificate.DNSNames)+len(e.Certificate.IPAddresses) == 0 {
		text = "relies on legacy Common Name " + text
	}
	for _, row := range tlsRows {
		for _, t := range row.texts {
			if hint := map[string]string{"postgres": row.postgres, "sqlserver": row.sqlserver, "oracle": row.oracle}[dbms]; hint != "" && strings.Contains(text, t) {
				return lasting(hint), true
			}
		}
	}
	return verdict{}, false
}
