package s3_test

import (
	"testing"

	"aliasctl/internal/state/contract"
	"aliasctl/internal/testkit/gateway"
)

func TestContractOnVersitygw(t *testing.T) {
	address := gateway.Start(t)
	contract.Test(t, func(name string) string { return gateway.Location(address, name) })
}
