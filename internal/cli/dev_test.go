package cli

import (
	"strings"
	"testing"
)

// The first gRPC client gets a line that fits, the others none.
func TestDevTellsOfGRPCOnce(t *testing.T) {
	var log strings.Builder
	told := toldOnce(&log)
	for range 3 {
		told("127.0.0.1:65535")
	}
	if line := log.String(); line != "aliasctl dev: refused gRPC from 127.0.0.1:65535: this serves Milvus' REST API\n" || len(line) > 81 {
		t.Errorf("%d: %q", len(line), line)
	}
}
