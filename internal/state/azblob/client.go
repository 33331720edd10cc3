package azblob

import (
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"aliasctl/internal/state"
)

// client is a container with the credentials for it.
type client struct {
	container *container.Client
	hidden    []string // what no message may hold
}

func (c *client) blob(name string) *blockblob.Client { return c.container.NewBlockBlobClient(name) }

// newClient takes the credentials as Azure's command line does: a connection
// string, a key, a SAS, and else azidentity's default chain.
func newClient(u blobURL) (*client, error) {
	c := &client{}
	options := &container.ClientOptions{ClientOptions: azcore.ClientOptions{
		// A write must not be repeated without a look.
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{ApplicationID: "aliasctl"},
		Transport: &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone(),
			// Another address would get the credentials.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}}
	at := u.endpoint + "/" + url.PathEscape(u.container)
	connection, key, sas := os.Getenv("AZURE_STORAGE_CONNECTION_STRING"), os.Getenv("AZURE_STORAGE_KEY"), os.Getenv("AZURE_STORAGE_SAS_TOKEN")
	var err error
	switch {
	case connection != "":
		c.hide(part(connection, "AccountKey"), part(connection, "SharedAccessSignature"))
		if account := part(connection, "AccountName"); account != "" && account != u.account || u.spelled {
			return nil, &state.StoreError{Message: "AZURE_STORAGE_CONNECTION_STRING is for another account, or endpoint is given too",
				Advice: "unset AZURE_STORAGE_CONNECTION_STRING, or name its account in --state, without endpoint"}
		}
		c.container, err = container.NewClientFromConnectionString(connection, u.container, options)
		err = unusable(err, "AZURE_STORAGE_CONNECTION_STRING")
	case key != "":
		c.hide(key)
		var shared *container.SharedKeyCredential
		if shared, err = container.NewSharedKeyCredential(u.account, key); err == nil {
			c.container, err = container.NewClientWithSharedKeyCredential(at, shared, options)
		}
		err = unusable(err, "AZURE_STORAGE_KEY")
	case sas != "":
		c.hide(strings.TrimPrefix(sas, "?"))
		c.container, err = container.NewClientWithNoCredential(at+"?"+strings.TrimPrefix(sas, "?"), options)
		err = unusable(err, "AZURE_STORAGE_SAS_TOKEN")
	default:
		var chain *azidentity.DefaultAzureCredential
		if chain, err = azidentity.NewDefaultAzureCredential(nil); err == nil {
			c.container, err = container.NewClient(at, chain, options)
		}
		if err != nil {
			err = c.explain(err, reading)
		}
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// unusable is the error of a credential that is none.
func unusable(err error, variable string) error {
	if err == nil {
		return nil
	}
	// The reason is not printed: it could hold a part of the credential.
	return &state.StoreError{Message: variable + " has no valid form", Advice: "check " + variable}
}

// part is one value of a connection string.
func part(connection, name string) string {
	for field := range strings.SplitSeq(connection, ";") {
		if key, value, ok := strings.Cut(strings.TrimSpace(field), "="); ok && strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// hide keeps a secret, and the signature in it, out of messages.
func (c *client) hide(secrets ...string) {
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		c.hidden = append(c.hidden, secret, url.QueryEscape(secret))
		if query, err := url.ParseQuery(secret); err == nil && query.Get("sig") != "" {
			c.hidden = append(c.hidden, query.Get("sig"), url.QueryEscape(query.Get("sig")))
		}
	}
}

func (c *client) clean(text string) string {
	for _, secret := range c.hidden {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}
