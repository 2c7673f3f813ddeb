package drivers

import (
	"crypto/tls"
	"database/sql/driver"

	goora "github.com/sijms/go-ora/v2"
	"github.com/sijms/go-ora/v2/configurations"

	"excs/shared/engage"
)

// Oracle gives the connector of go-ora. It parses the DSN here, so that what is wrong with it (an unknown option, a
// wallet that is not there) shows before anything connects.
func Oracle(c engage.Connection) (driver.Connector, error) {
	config, err := configurations.ParseConfig(c.DSN)
	if err != nil {
		return nil, err
	}
	connector := goora.NewConnector(c.DSN).(*goora.OracleConnector)
	connector.Dialer(engage.Dialer{})
	if c.RootCAs != nil {
		connector.WithTLSConfig(&tls.Config{RootCAs: c.RootCAs, InsecureSkipVerify: !config.SSLVerify}) //nolint:gosec // verified unless the DSN says otherwise
	}
	return connector, nil
}
