package command

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"aliasctl/internal/acceptance/program"
)

// A deploy job starts the program many times a day. What a package of ours
// makes before main begins, every command pays for: tables, and nothing that
// is compiled, parsed or read. The count of allocations is the same on every
// machine. So it is for the SDKs of the stores, as far as they are in our hand:
// they are linked, and clients, credentials and tables are made when a state is
// first read.
func TestNothingIsMadeBeforeItIsUsed(t *testing.T) {
	const most = 80 // a table or two; a regular expression is worth about as much
	cmd := exec.Command("aliasctl", "version")
	cmd.Env = program.Environment("GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	packages := regexp.MustCompile(`(?m)^init (aliasctl\S*) .* ([0-9]+) allocs$`).FindAllStringSubmatch(string(out), -1)
	for _, p := range packages {
		if allocations, _ := strconv.Atoi(p[2]); allocations > most {
			t.Errorf("package %s makes %d allocations before main begins", p[1], allocations)
		}
	}
	sdks, all := regexp.MustCompile(`(?m)^init ((?:github\.com/Azure|golang\.org/x/oauth2|cloud\.google\.com)\S*) .* ([0-9]+) allocs$`).FindAllStringSubmatch(string(out), -1), 0
	for _, p := range sdks {
		allocations, _ := strconv.Atoi(p[2])
		all += allocations
	}
	const mostSDK = 700 // 242 of them are MSAL's list of trusted hosts
	if all > mostSDK || len(sdks) == 0 {
		t.Errorf("%d packages of the stores' SDKs make %d allocations before main begins", len(sdks), all)
	}
	if !strings.Contains(string(out), "init ") {
		t.Errorf("no trace:\n%s", out)
	}
}
