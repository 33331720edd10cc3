package gs_test

import (
	"os"
	"testing"

	"aliasctl/internal/state/contract"
	"aliasctl/internal/testkit/gateway"
)

func TestMain(m *testing.M) {
	if !contract.IsChild() {
		os.Unsetenv("STORAGE_EMULATOR_HOST")
		os.Unsetenv("GOOGLE_APPLICATION_CREDENTIALS")
	}
	os.Exit(m.Run())
}

func location(name string) string { return "gs://" + gateway.Bucket + "/" + name }

// use points clients at a server.
func use(t *testing.T) func(address string) func(name string) string {
	return func(address string) func(name string) string {
		t.Setenv("STORAGE_EMULATOR_HOST", address)
		return location
	}
}

func start(t *testing.T) (address string) {
	if contract.IsChild() {
		return os.Getenv("STORAGE_EMULATOR_HOST")
	}
	return gateway.FakeGCS.Start(t)
}

func TestContract(t *testing.T) {
	contract.Test(t, use(t)(start(t)))
}

func TestWeather(t *testing.T) {
	contract.Weather(t, start(t), use(t))
}

func TestVersions(t *testing.T) {
	contract.Versions(t, use(t)(start(t)))
}
