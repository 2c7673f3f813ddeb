package engage_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"excs/shared/engage"
	"excs/shared/engage/engagetest/tdstest"
	"excs/shared/model"
)

// identity is a certificate with its key, and the text that makes it a root certificate.
type identity struct {
	tls.Certificate
	pem string
}

// newIdentity makes a self-made certificate, as change wants it.
func newIdentity(t testing.TB, change func(*x509.Certificate)) identity {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(5), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
	}
	change(c)
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// negative gives a certificate the serial number -5, which no library would write; its signature no longer fits, as
// nobody looks at that before the number.
func negative(t testing.TB) identity {
	id := newIdentity(t, func(*x509.Certificate) {})
	id.Certificate.Certificate[0] = bytes.Replace(id.Certificate.Certificate[0], []byte{2, 1, 5}, []byte{2, 1, 0xfb}, 1)
	return id
}

// The servers' TLS, by what is wrong with it.
func tlsFaults(t testing.TB) map[string]*tls.Config {
	t.Helper()
	with := func(id identity, change func(*tls.Config)) *tls.Config {
		c := &tls.Config{Certificates: []tls.Certificate{id.Certificate}, MaxVersion: tls.VersionTLS12, SessionTicketsDisabled: true}
		change(c)
		return c
	}
	same, plain := func(*tls.Config) {}, func(*x509.Certificate) {}
	return map[string]*tls.Config{
		"unknown authority": with(newIdentity(t, plain), same),
		"negative serial":   with(negative(t), same),
		"other name": with(newIdentity(t, func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = nil, []string{"db.northwind.example"}
		}), same),
		"no name": with(newIdentity(t, func(c *x509.Certificate) { c.IPAddresses = nil }), same),
		"expired": with(newIdentity(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), same),
		"old protocol": with(newIdentity(t, plain), func(c *tls.Config) {
			c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
		}),
		"old cipher": with(newIdentity(t, plain), func(c *tls.Config) {
			c.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
		}),
	}
}

// rootOf gives the certificate of a server's TLS as a root certificate.
func rootOf(c *tls.Config) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificates[0].Certificate[0]}))
}

// tlsServer gives the address of a server of one sort that gets no further than TLS.
func tlsServer(t testing.TB, driver string, config *tls.Config) string {
	t.Helper()
	switch driver {
	case "sqlserver":
		s := tdstest.New(t, "postgres://127.0.0.1:1/none", tdstest.Layout{})
		s.TLS, s.Everything = config, true
		return s.Address
	case "oracle":
		return listen(t, func(c net.Conn) { _ = tls.Server(c, config).Handshake(); _ = c.Close() })
	}
	return listen(t, func(c net.Conn) {
		_, _ = io.ReadFull(c, make([]byte, 8))
		_, _ = c.Write([]byte("S"))
		_ = tls.Server(c, config).Handshake()
		_ = c.Close()
	})
}

// tlsSecret verifies a server fully.
func tlsSecret(driver, address string) engage.Secret {
	return engage.Secret{Driver: driver, DSN: map[string]string{
		"postgres":  "postgres://excs:hunter22@" + address + "/genesys?sslmode=verify-full",
		"sqlserver": "sqlserver://excs:hunter22@" + address + "?database=genesys&encrypt=true",
		"oracle":    "oracle://excs:hunter22@" + address + "/genesys?ssl=true",
	}[driver]}
}

// Every fault of TLS that lasts is told as one, with what to set, by each driver (cases 19 and 21).
func TestLastingFaultsOfTLS(t *testing.T) {
	for _, c := range []struct {
		fault  string
		root   bool // the certificate is given as rootCertificate
		byName bool // the DSN gives the name localhost, not the address
		says   string
	}{
		{"unknown authority", false, false, "as rootCertificate"},
		{"negative serial", false, false, "has a negative serial number"},
		{"other name", true, true, "the certificate is for other names"},
		{"other name", true, false, "the certificate names no IP address"},
		{"no name", true, true, "it needs a subjectAltName"},
		{"expired", true, false, "has expired or is not valid yet"},
		{"old protocol", true, false, "the server's TLS is older than 1.2"},
		{"old cipher", true, false, "no TLS protocol or cipher in common"},
	} {
		config := tlsFaults(t)[c.fault]
		for _, driver := range []string{"postgres", "sqlserver", "oracle"} {
			t.Run(driver+"/"+c.fault, func(t *testing.T) {
				address := tlsServer(t, driver, config)
				if c.byName {
					address = strings.Replace(address, "127.0.0.1", "localhost", 1)
				}
				secret := tlsSecret(driver, address)
				if c.root {
					secret.RootCertificate = rootOf(config)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				_, _, err := open(t, secret).Read(ctx, standard())
				wantError(t, err, model.CodeInvalid, []string{"hunter22"}, c.says)
			})
		}
	}
}

// The root certificate of the secret verifies the server, and "tls":"legacy" takes what old servers of SQL Server offer.
func TestTLSOfSQLServer(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	good := tlsFaults(t)["unknown authority"]
	for _, everything := range []bool{false, true} {
		for _, encrypt := range []string{"encrypt=true", "encrypt=false"} {
			server := tdstest.New(t, p.secret.DSN, layouts()[0])
			server.TLS, server.Everything = good, everything
			read(t, open(t, engage.Secret{Driver: "sqlserver", DSN: server.DSN(encrypt), RootCertificate: rootOf(good)}), standard())
			if l := server.Logins(); !l[0].Encrypted {
				t.Errorf("%s, everything %v: the login is not encrypted", encrypt, everything)
			}
		}
	}
	for _, fault := range []string{"negative serial", "old protocol", "old cipher"} {
		server := tdstest.New(t, p.secret.DSN, layouts()[0])
		server.TLS = tlsFaults(t)[fault]
		secret := engage.Secret{Driver: "sqlserver", DSN: server.DSN("encrypt=true", "trustservercertificate=true")}
		wantError(t, failed(t, secret), model.CodeInvalid, nil, `"tls":"legacy"`)
		secret.TLS = "legacy"
		t.Setenv("GODEBUG", "")
		read(t, open(t, secret), standard())
		t.Setenv("GODEBUG", "")
	}
}

// A DSN that does not verify contradicts a root certificate.
func TestARootCertificateAndADSNThatVerifiesNothing(t *testing.T) {
	root := newIdentity(t, func(*x509.Certificate) {}).pem
	for _, s := range []engage.Secret{
		{Driver: "postgres", DSN: "postgres://u:p@h/d?sslmode=prefer"},
		{Driver: "sqlserver", DSN: "sqlserver://u:p@h?encrypt=disable"},
		{Driver: "sqlserver", DSN: "sqlserver://u:p@h?encrypt=true&TrustServerCertificate=true"},
		{Driver: "oracle", DSN: "oracle://u:p@h/s?ssl=false"},
		{Driver: "oracle", DSN: "oracle://u:p@h/s?ssl=true&ssl+verify=false"},
	} {
		s.RootCertificate = root
		_, err := engage.Open(s)
		wantError(t, err, model.CodeInvalid, nil, "does not verify the server")
	}
}

// The root certificate of the secret verifies a PostgreSQL server too: a whole read goes through, which one that the root did not sign
// refuses.
func TestTLSOfPostgreSQL(t *testing.T) {
	p := postgresPlace(t, cluster, tiny())
	direct, err := url.Parse(p.secret.DSN)
	if err != nil {
		t.Fatal(err)
	}
	good, other := tlsFaults(t)["unknown authority"], newIdentity(t, func(*x509.Certificate) {})
	address := listen(t, func(c net.Conn) { terminate(t, c, good, direct.Host) })
	encrypted := *direct
	encrypted.Host = address
	encrypted.RawQuery = "sslmode=verify-full"
	secret := p.secret
	secret.DSN, secret.RootCertificate = encrypted.String(), rootOf(good)
	if snapshot := read(t, open(t, secret), standard()); len(snapshot.Persons) == 0 {
		t.Error("nothing was read")
	}
	secret.RootCertificate = other.pem
	wantError(t, failed(t, secret), model.CodeInvalid, nil, "rootCertificate")
}

// terminate speaks TLS to a PostgreSQL client and passes what it says on to a server that speaks none.
func terminate(t *testing.T, c net.Conn, config *tls.Config, server string) {
	defer c.Close() //nolint:errcheck // the client is done with it
	if _, err := io.ReadFull(c, make([]byte, 8)); err != nil {
		return // the request for TLS did not come
	}
	_, _ = c.Write([]byte("S"))
	inside := tls.Server(c, config)
	if inside.Handshake() != nil {
		return // the client does not believe the certificate, which is told there
	}
	out, err := net.Dial("tcp", server)
	if err != nil {
		t.Error(err)
		return
	}
	defer out.Close() //nolint:errcheck // both ends are done with it
	go func() { _, _ = io.Copy(out, inside); _ = out.Close() }()
	_, _ = io.Copy(inside, out)
}

// With the root certificate the Oracle driver believes the server and goes on behind TLS; with another it does not.
func TestTLSOfOracle(t *testing.T) {
	good, other := tlsFaults(t)["unknown authority"], newIdentity(t, func(*x509.Certificate) {})
	for _, c := range []struct {
		name, root string
		believes   bool
	}{{"its own root", rootOf(good), true}, {"another root", other.pem, false}} {
		believed := make(chan bool, 8)
		address := listen(t, func(conn net.Conn) {
			inside := tls.Server(conn, good)
			if inside.Handshake() == nil {
				// The client's own answer to the certificate comes with its first bytes.
				_, err := io.ReadFull(inside, make([]byte, 8))
				believed <- err == nil
			}
			_ = conn.Close()
		})
		secret := tlsSecret("oracle", address)
		secret.RootCertificate = c.root
		err := failed(t, secret)
		if got := len(believed) > 0 && <-believed; got != c.believes {
			t.Errorf("%s: the driver went on behind TLS: %v, %v", c.name, got, err)
		}
		if told := strings.Contains(err.Error(), "rootCertificate"); told == c.believes {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
