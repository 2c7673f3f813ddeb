package mapping_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"excs/shared/mapping"
	"excs/shared/mapping/mappingtest"
)

// The twin passes the suite, at once and with an index that lags.
func TestTwinConforms(t *testing.T) {
	t.Run("at once", func(t *testing.T) { mappingtest.Run(t, twins(0), nil) })
	t.Run("lagging", func(t *testing.T) { mappingtest.Run(t, twins(200*time.Millisecond), nil) })
}

// twins gives a factory whose stores are tenants of one table.
func twins(lag time.Duration) mappingtest.Factory {
	var n atomic.Int64
	return func(_ *testing.T, o mapping.Options) mapping.Store {
		return mapping.NewMemory(mapping.MemoryOptions{Options: o, Tenant: fmt.Sprint("tenant", n.Add(1)), LagSeed: n.Load(), MaxLag: lag})
	}
}

// The real table passes the suite on dynalite.
func TestDynaliteConforms(t *testing.T) {
	mappingtest.Run(t, mappingtest.On(t, mappingtest.Dynalite(t)), nil)
}

// The real table passes the suite on moto's server, where it is installed.
func TestMotoConforms(t *testing.T) {
	mappingtest.Run(t, mappingtest.On(t, mappingtest.Moto(t), mappingtest.OverLostConnections, mappingtest.OneAtATime), nil)
}

// The real table passes the suite on DynamoDB Local, on demand.
func TestDynamoDBLocalConforms(t *testing.T) {
	mappingtest.Run(t, mappingtest.On(t, mappingtest.DynamoDBLocal(t)), nil)
}
