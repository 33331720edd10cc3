package git_test

import (
	"testing"

	"aliasctl/internal/state/contract"
	"aliasctl/internal/testkit/gitserver"
)

func TestContractOverFile(t *testing.T) {
	contract.Test(t, gitserver.Start(t, nil).File, contract.Slow)
}

func TestContractOverHTTP(t *testing.T) {
	contract.Test(t, gitserver.Start(t, nil).HTTP, contract.Slow)
}
