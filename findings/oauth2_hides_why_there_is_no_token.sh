#!/usr/bin/env bash
# Google's credentials hide whether the token server was away.
#
# Module: golang.org/x/oauth2 v0.37.0 (google.JWTConfigFromJSON, as a service
#         account file is used), with net/http.
# Guess:  the error wraps net/http's *url.Error, so errors.As finds it and a caller
#         can tell "nobody listens there" (try again) from "this key is refused".
# Seen:   for a token server that is away errors.As finds neither *url.Error nor
#         *net.OpError: the cause is text only. A refusal does come as
#         *oauth2.RetrieveError, so its absence is what is left to go by.
# So:     aliasctl takes a refused token for final and everything else for a store
#         that may come back (internal/state/gs, TestCredentials).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
cat > main.go <<'GO'
package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
)

func main() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	pemKey := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error": "invalid_grant"}`)
	}))
	defer refusing.Close()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	for _, server := range []struct{ is, url string }{{"away", away.URL}, {"refusing", refusing.URL}} {
		file, _ := json.Marshal(map[string]string{
			"type": "service_account", "client_email": "deploy@example.iam.gserviceaccount.com",
			"private_key": string(pemKey), "private_key_id": "1", "token_uri": server.url,
		})
		config, err := google.JWTConfigFromJSON(file, "https://www.googleapis.com/auth/devstorage.read_write")
		if err != nil {
			panic(err)
		}
		_, err = config.TokenSource(context.Background()).Token()
		var inURL *url.Error
		var inSocket *net.OpError
		var refused *oauth2.RetrieveError
		fmt.Printf("%s: failed %t, url.Error %t, net.OpError %t, RetrieveError %t\n", server.is, err != nil,
			errors.As(err, &inURL), errors.As(err, &inSocket), errors.As(err, &refused))
	}
}
GO
go mod init seen >go.log 2>&1
go get golang.org/x/oauth2@v0.37.0 >>go.log 2>&1
go mod tidy >>go.log 2>&1
go run . | tee seen.txt
diff - seen.txt <<'END'
away: failed true, url.Error false, net.OpError false, RetrieveError false
refusing: failed true, url.Error false, net.OpError false, RetrieveError true
END
