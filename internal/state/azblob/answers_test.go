package azblob_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"aliasctl/internal/state"
	"aliasctl/internal/state/azblob"
	"aliasctl/internal/state/contract"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/testkit/gateway"
)

func store(t *testing.T, location string) (*azblob.Store, string) {
	t.Helper()
	s, name, _, err := azblob.Open(location)
	if err != nil {
		t.Fatal(err)
	}
	return s, name
}

// TestManyClients has 32 clients write one blob at once, and 32 take its lock.
func TestManyClients(t *testing.T) {
	location := use(start(t))
	for round := range 8 {
		at := location(fmt.Sprintf("race-%d.json", round))
		revision := ""
		for _, what := range []string{"create", "replace", "lock"} {
			var mu sync.Mutex
			won := ""
			var all sync.WaitGroup
			for i := range 32 {
				s, name := store(t, at)
				all.Go(func() {
					body, mark := []byte("{}\n"), fmt.Sprint(i) // only the mark tells them apart
					var now string
					var err error
					switch what {
					case "create":
						now, err = s.Create(t.Context(), name, body, mark)
					case "replace":
						now, err = s.Replace(t.Context(), name, revision, body, mark)
					case "lock":
						now = "the lock"
						_, err = s.TakeLock(t.Context(), name, state.LockRequest{ID: fmt.Sprintf("00000000-0000-0000-0000-%012d", i), Holder: contract.Holder, Lease: time.Minute})
					}
					mu.Lock()
					defer mu.Unlock()
					refused := (*state.StoreError)(nil)
					switch {
					case err == nil && won != "":
						t.Errorf("%s, %s: two have won", at, what)
					case err == nil:
						won = now
					case !state.IsLocked(err) && (!errors.As(err, &refused) || refused.Class != state.Refused):
						t.Errorf("%s: %v", what, err)
					}
				})
			}
			all.Wait()
			s, name := store(t, at)
			if there, err := s.Read(t.Context(), name, 100); err != nil || won == "" || what != "lock" && there.Revision != won {
				t.Errorf("%s: won %q, there is %q, %v", what, won, there.Revision, err)
			}
			if what != "lock" {
				revision = won
			}
		}
	}
}

// The lease is a fence: a save of a run that has lost it is refused by the
// service, also where nobody has saved since; and a lock is known by its id.
func TestALostLeaseStopsASave(t *testing.T) {
	address := start(t)
	client, err := gateway.AzureClient(address)
	if err != nil {
		t.Fatal(err)
	}
	for name, taken := range map[string]bool{"broken.json": false, "taken.json": true} {
		l := contract.Open(t, use(address)(name))
		lock, err := l.Lock(t.Context(), 0, contract.Holder)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Read(t.Context()); !state.IsAbsent(err) {
			t.Errorf("a blob that only has the lease: %v", err)
		}
		if err := l.Save(t.Context(), contract.State(1, 3)); err != nil {
			t.Fatal(err)
		}
		// As somebody in the portal does.
		by, _ := lease.NewBlobClient(client.NewBlobClient(name), nil)
		at0 := int32(0)
		if _, err := by.BreakLease(t.Context(), &lease.BlobBreakOptions{BreakPeriod: &at0}); err != nil {
			t.Fatal(err)
		}
		if taken {
			if _, err := by.AcquireLease(t.Context(), 15, nil); err != nil {
				t.Fatal(err)
			}
			status, err := contract.Open(t, use(address)(name)).LockStatus(t.Context())
			if err != nil || !status.Held {
				t.Errorf("%+v, %v", status, err)
			}
			held := (*state.NotHeldError)(nil)
			if err := contract.Open(t, use(address)(name)).BreakLock(t.Context(), status.ID); !errors.As(err, &held) {
				t.Errorf("the lease of another program: %v", err)
			}
			contract.Expect(t, contract.Open(t, use(address)(name)).Save(t.Context(), contract.State(2, 3)), "not saved")
		}
		err = l.Save(t.Context(), contract.State(2, 3))
		if !state.IsLost(err) {
			t.Errorf("a save without the lease: %v", err)
		}
		if got, err := contract.Open(t, use(address)(name)).Read(t.Context()); err != nil || got.Serial != 1 {
			t.Errorf("serial %d, %v", got.Serial, err)
		}
		_ = lock.Release()
	}
}

// What the server refuses, each in its own words and without the credential.
func TestRefusals(t *testing.T) {
	address := start(t)
	at := use(address)("a.json")
	read := func(location string) error {
		_, err := contract.Open(t, location).Read(t.Context())
		if state.IsAbsent(err) {
			t.Fatalf("%s is taken for a first run", location)
		}
		return err
	}
	contract.Expect(t, read(strings.Replace(at, "/states/", "/sattes/", 1)), "404 ContainerNotFound", "create the container, or check its name")
	_, err := contract.Open(t, strings.Replace(at, "/states/", "/sattes/", 1)).Lock(t.Context(), 0, contract.Holder)
	contract.Expect(t, err, "ContainerNotFound", "create the container")
	contract.Expect(t, read(strings.Replace(at, "endpoint=http://127.0.0.1", "endpoint=http://nowhere.invalid", 1)), "check ACCOUNT and endpoint")

	const wrong = "d3Jvbmcta2V5LW9mLW5vYm9keQ=="
	t.Setenv("AZURE_STORAGE_KEY", wrong)
	contract.Expect(t, read(at), "403", "AZURE_STORAGE_KEY")
	t.Setenv("AZURE_STORAGE_KEY", "no base64!")
	contract.Expect(t, read(at), "AZURE_STORAGE_KEY has no valid form")
	t.Setenv("AZURE_STORAGE_KEY", "")

	token := func(permissions sas.ContainerPermissions, until time.Duration) string {
		c, _ := gateway.AzureClient(address)
		signed, err := c.GetSASURL(permissions, time.Now().Add(until), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, query, _ := strings.Cut(signed, "?")
		return query
	}
	t.Setenv("AZURE_STORAGE_SAS_TOKEN", token(sas.ContainerPermissions{Read: true}, -time.Hour))
	contract.Expect(t, read(at), "403", "expired")
	t.Setenv("AZURE_STORAGE_SAS_TOKEN", token(sas.ContainerPermissions{Read: true}, time.Hour))
	if _, err := contract.Open(t, at).Read(t.Context()); !state.IsAbsent(err) {
		t.Errorf("a SAS that may read: %v", contract.Told(err))
	}
	_, err = contract.Open(t, at).Lock(t.Context(), 0, contract.Holder)
	contract.Expect(t, err, "403 AuthorizationPermissionMismatch", "Storage Blob Data Contributor", "blobs/write")
	sig := os.Getenv("AZURE_STORAGE_SAS_TOKEN")
	if strings.Contains(contract.Told(err), sig) {
		t.Error("the SAS is told")
	}
	whole := sas.ContainerPermissions{Read: true, Create: true, Write: true}
	t.Setenv("AZURE_STORAGE_SAS_TOKEN", "?"+token(whole, time.Hour))
	if err := contract.Open(t, at).Save(t.Context(), contract.State(1, 3)); err != nil {
		t.Error(contract.Told(err))
	}
	t.Setenv("AZURE_STORAGE_SAS_TOKEN", "")

	plain, _, _ := strings.Cut(at, "?")
	connection := "DefaultEndpointsProtocol=http;AccountName=" + gateway.AzureAccount + ";AccountKey=" + gateway.AzureKey + ";BlobEndpoint=http://" + address + "/" + gateway.AzureAccount + ";"
	t.Setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
	if got, err := contract.Open(t, plain).Read(t.Context()); err != nil || got.Serial != 1 {
		t.Errorf("by the connection string: serial %d, %s", got.Serial, contract.Told(err))
	}
	contract.Expect(t, read(strings.Replace(plain, gateway.AzureAccount, "another", 1)), "another account", "AZURE_STORAGE_CONNECTION_STRING")
	t.Setenv("AZURE_STORAGE_CONNECTION_STRING", "UseDevelopmentStorage=true")
	contract.Expect(t, read(plain), "AZURE_STORAGE_CONNECTION_STRING has no valid form")
}

// TestAnswers has what azurite never answers.
func TestAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		status     int
		code, body string
		class      state.Class
		words      []string
	}{
		"away":              {503, "ServerBusy", "<Error><Code>ServerBusy</Code><Message>The server is busy.\nRequestId:1</Message></Error>", state.Doubtful, []string{"503 ServerBusy: The server is busy.", "when the store answers"}},
		"too many":          {429, "", "", state.Busy, []string{"429"}},
		"a proxy":           {502, "", "<html>", state.Doubtful, []string{"502"}},
		"another server":    {404, "", "<html>", state.Final, []string{"404", "does not answer as Azure Blob Storage"}},
		"no keys":           {403, "KeyBasedAuthenticationNotPermitted", "", state.Final, []string{"the account takes no keys"}},
		"a firewall":        {403, "AuthorizationFailure", "", state.Final, []string{"firewall"}},
		"an old API":        {400, "InvalidHeaderValue", "", state.Final, []string{"--skipApiVersionCheck"}},
		"a redirect":        {302, "", "", state.Final, []string{"302"}},
		"a container going": {409, "ContainerBeingDeleted", "", state.Final, []string{"create the container"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/")
				if test.code != "" {
					w.Header().Set("X-Ms-Error-Code", test.code)
				}
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			defer server.Close()
			s, name := store(t, use(server.Listener.Addr().String())("a.json"))
			_, err := s.Read(t.Context(), name, 100)
			contract.Expect(t, err, test.words...)
			refused := (*state.StoreError)(nil)
			if !errors.As(err, &refused) || refused.Class != test.class {
				t.Errorf("%#v", err)
			}
		})
	}
}

func TestLocations(t *testing.T) {
	for _, good := range []string{"azblob://account1/states/prod.json", "azblob://account1/my-states/a/b%23c.json?history=3",
		"azblob://account1/states/a?endpoint=https://account1.blob.core.usgovcloudapi.net"} {
		if _, err := stores.Open(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for location, why := range map[string]string{
		"azblob://key@account1/states/a.json":                      "AZURE_STORAGE_KEY",
		"azblob://account1/states/a.json#1":                        "fragment",
		"azblob://account1/states":                                 "no blob",
		"azblob://account1/states/dir/":                            "no blob",
		"azblob://account1":                                        "no container",
		"azblob:///states/a.json":                                  "its account",
		"azblob://account1.blob.core.windows.net/states/a.json":    "its account is a host",
		"azblob://Account1/states/a.json":                          "its account",
		"azblob://account1/my_states/a.json":                       "its container",
		"azblob://account1/a--b/a.json":                            "its container",
		"azblob://account1/states/a.json?sv=2024-11-04&sig=s3cr3t": "AZURE_STORAGE_SAS_TOKEN",
		"azblob://account1/states/a.json?history=x":                "no valid value",
		"azblob://account1/states/a.json?endpoint=host":            "no valid value",
		"azblob://account1/states/a.json?region=x":                 "is not a parameter",
		"azblob://account1/states/" + strings.Repeat("a", 1001):    "1000 bytes",
	} {
		if _, err := stores.Open(location); err == nil || !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v, want %q in it", location, err, why)
		}
	}
}
