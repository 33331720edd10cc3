package git_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"aliasctl/internal/state"
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

// Each state is a commit, also where others are written between them.
func TestVersions(t *testing.T) {
	contract.Versions(t, gitserver.Start(t, nil).File)
}

// A branch may hold much else: a state further back than what is fetched at first
// is found, and the oldest commit of a part is not taken for a change.
func TestVersionsFarBack(t *testing.T) {
	server := gitserver.Start(t, nil)
	store := contract.Open(t, server.File("prod.json"))
	save := func(serial uint64) {
		if err := store.Save(t.Context(), contract.State(serial, 1)); err != nil {
			t.Fatal(contract.Told(err))
		}
	}
	others := func(n int) {
		var commits strings.Builder
		for i := range n {
			fmt.Fprintf(&commits, "commit refs/heads/states\ncommitter a <a@localhost> %d +0000\ndata 0\n", 1700000000+i)
			if i == 0 {
				commits.WriteString("from refs/heads/states^0\n")
			}
			fmt.Fprintf(&commits, "M 100644 inline other.json\ndata <<E\n%d\nE\n", i)
		}
		cmd := exec.Command("git", "-C", server.Dir, "fast-import", "--quiet")
		cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
		cmd.Stdin = strings.NewReader(commits.String())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	save(1)
	others(150)
	save(2)
	others(150)
	for most, want := range map[int][]uint64{1: {2}, 2: {2, 1}, 20: {2, 1}} {
		all, err := contract.Open(t, server.File("prod.json")).(*state.Shared).Versions(t.Context(), most)
		var serials []uint64
		for _, old := range all {
			serials = append(serials, old.State.Serial)
		}
		if err != nil || fmt.Sprint(serials) != fmt.Sprint(want) {
			t.Errorf("%d at most: serials %v, want %v: %v", most, serials, want, err)
		}
	}
}
