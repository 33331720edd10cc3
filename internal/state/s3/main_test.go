package s3_test

import (
	"os"
	"testing"

	"aliasctl/internal/testkit/gateway"
)

func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": gateway.User, "AWS_SECRET_ACCESS_KEY": gateway.Secret, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
	} {
		os.Setenv(name, value)
	}
	os.Exit(m.Run())
}
