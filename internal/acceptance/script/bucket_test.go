package script

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"aliasctl/internal/emulator"
	"aliasctl/internal/testkit/gateway"
)

// The scripts about a state that machines share. $STORE is what follows the
// key of an object in a real S3 server, as in s3://states/prod.json$STORE.
func TestScriptsInABucket(t *testing.T) {
	_, query, _ := strings.Cut(gateway.Location(gateway.Start(t), "KEY"), "KEY")
	params := Of("testdata/script/bucket", emulator.V26)
	setup := params.Setup
	params.Setup = func(env *testscript.Env) error {
		env.Vars = append(env.Vars, "STORE="+query,
			"AWS_ACCESS_KEY_ID="+gateway.User, "AWS_SECRET_ACCESS_KEY="+gateway.Secret, "AWS_EC2_METADATA_DISABLED=true")
		return setup(env)
	}
	testscript.Run(t, params)
}
