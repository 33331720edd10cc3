package azblob_test

import (
	"os"
	"testing"

	"aliasctl/internal/state"
	"aliasctl/internal/state/contract"
	"aliasctl/internal/testkit/gateway"
)

func TestMain(m *testing.M) {
	for _, name := range []string{"AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_SAS_TOKEN"} {
		os.Unsetenv(name)
	}
	os.Setenv("AZURE_STORAGE_KEY", gateway.AzureKey)
	os.Exit(m.Run())
}

// use names the blobs of a server.
func use(address string) func(name string) string {
	return func(name string) string { return gateway.AzureLocation(address, name) }
}

func start(t *testing.T) (address string) {
	if contract.IsChild() { // it uses the server of its parent
		return "127.0.0.1:1"
	}
	return gateway.Azurite.Start(t)
}

func TestContract(t *testing.T) {
	t.Parallel()
	contract.Test(t, use(start(t)), contract.LongLease)
}

func TestWeather(t *testing.T) {
	t.Parallel()
	contract.Weather(t, start(t), use)
}

// aliasctl reads no versions of blobs: a look at the history names what lists them, and
// has no request made.
func TestHistoryNamesWhatListsIt(t *testing.T) {
	l := contract.Open(t, "azblob://account1/states/team's/prod.json?endpoint=http://127.0.0.1:1")
	_, err := l.(*state.Shared).Versions(t.Context(), 5)
	contract.Expect(t, err, "does not read them", "--state-history N",
		`az storage blob list --include v --account-name account1 --container-name states --prefix 'team'\''s/prod.json'`)
}
