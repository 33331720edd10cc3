package s3

import (
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// chain finds credentials where S3 tools look for them: AWS_ACCESS_KEY_ID and
// its like in the environment, MINIO_ROOT_USER and its like, the shared files
// of AWS (a profile by AWS_PROFILE), and then the role of the machine (EC2,
// ECS, EKS). Without any it is a *CredentialsError: a state is not kept in the
// open. It remembers what is secret, so that no message repeats it.
type chain struct {
	credentials.Chain
	profile string

	mu     sync.Mutex
	hidden []string
}

var _ credentials.Provider = (*chain)(nil)

func newChain() *chain {
	c := &chain{profile: os.Getenv("AWS_PROFILE")}
	c.Providers = []credentials.Provider{&credentials.EnvAWS{}, &credentials.EnvMinio{}, &credentials.FileAWSCredentials{}}
	// Who names a profile must not get another identity when it is mistyped.
	if c.profile == "" && os.Getenv("AWS_EC2_METADATA_DISABLED") != "true" {
		c.Providers = append(c.Providers, &credentials.IAM{Client: &http.Client{Timeout: 5 * time.Second}})
	}
	return c
}

func (c *chain) RetrieveWithCredContext(cc *credentials.CredContext) (credentials.Value, error) {
	v, err := c.Chain.RetrieveWithCredContext(cc)
	if err != nil {
		return v, err
	}
	if v.AccessKeyID == "" || v.SecretAccessKey == "" {
		missing := &CredentialsError{Profile: c.profile}
		if c.profile != "" {
			_, missing.Err = (&credentials.FileAWSCredentials{}).RetrieveWithCredContext(cc)
		}
		return v, missing
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hidden = c.hidden[:0]
	for _, secret := range []string{v.SecretAccessKey, v.SessionToken} {
		if secret != "" {
			c.hidden = append(c.hidden, secret)
		}
	}
	return v, nil
}

func (c *chain) Retrieve() (credentials.Value, error) { return c.RetrieveWithCredContext(nil) }

// secrets is what no message may hold.
func (c *chain) secrets() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.hidden...)
}
