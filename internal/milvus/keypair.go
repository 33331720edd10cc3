package milvus

import (
	"context"
	"encoding/pem"
	"fmt"
	"strings"

	"aliasctl/internal/input"
)

// pairError explains why a client certificate and its key cannot be used. An
// encrypted key is the commonest cause, and crypto/tls only fails to parse it.
func pairError(c Config, err error) error {
	text, unread := input.Read(context.Background(), c.KeyFile, input.MaxCertificate)
	if unread != nil {
		return &ConfigError{Field: "key-file", Reason: "cannot be read", Err: unread}
	}
	if isEncryptedKey(text) {
		return &ConfigError{Field: "key-file", Reason: fmt.Sprintf("the key in %q is encrypted, and no passphrase can be given", c.KeyFile),
			Help: "`openssl pkey -in KEY -out PLAIN` writes it without a passphrase; keep that file readable for you alone"}
	}
	return &ConfigError{Field: "cert-file", Reason: "cannot be used", Err: err}
}

// isEncryptedKey knows both forms in PEM: PKCS #8, and the older one that names
// its cipher in a header.
func isEncryptedKey(text []byte) bool {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return false
		}
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.HasSuffix(block.Type, "PRIVATE KEY") && strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return true
		}
		text = rest
	}
}
