package git_test

import (
	"flag"
	"testing"

	"aliasctl/internal/state/contract"
	"aliasctl/internal/testkit/gitserver"
)

func TestContractOverFile(t *testing.T) {
	contract.Test(t, gitserver.Start(t, nil).File, contract.Slow)
}

// Over HTTP each push is three requests to a git of its own: minutes on two
// cores, and the same code as over file but for the transport, which the other
// tests of this package cover.
func TestContractOverHTTP(t *testing.T) {
	if flag.Lookup("sweep").Value.String() != "full" {
		t.Skip("the contract over HTTP runs with -sweep=full")
	}
	contract.Test(t, gitserver.Start(t, nil).HTTP, contract.Slow)
}
