package drivers

import (
	"crypto/tls"
	"database/sql/driver"
	"os"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"excs/shared/engage"
)

// SQLServer gives the connector of go-mssqldb.
func SQLServer(c engage.Connection) (driver.Connector, error) {
	config, err := msdsn.Parse(c.DSN)
	if err != nil {
		return nil, err
	}
	if config.TLSConfig != nil && c.RootCAs != nil {
		config.TLSConfig.RootCAs = c.RootCAs
	}
	if config.TLSConfig != nil && c.LegacyTLS {
		takeLegacy(config.TLSConfig)
	}
	connector := mssql.NewConnectorConfig(config)
	connector.Dialer = engage.Dialer{}
	return connector, nil
}

// takeLegacy has TLS take what old servers offer. The one thing that has no field in the configuration is the negative
// serial number of the certificates that SQL Server made for itself up to 2017: it is a setting of the whole program.
func takeLegacy(config *tls.Config) {
	config.MinVersion = tls.VersionTLS10
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		config.CipherSuites = append(config.CipherSuites, s.ID)
	}
	const negative = "x509negativeserial=1"
	if set := os.Getenv("GODEBUG"); !strings.Contains(set, negative) {
		_ = os.Setenv("GODEBUG", strings.TrimPrefix(set+","+negative, ",")) // fails for a name or value with NUL or = only
	}
}
