package gateway

import (
	"context"
	"net"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// The account of every azurite, which is public.
const (
	AzureAccount = "devstoreaccount1"
	AzureKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// Azurite keeps blobs in memory and speaks Azure Blob Storage's protocol. The
// SDK is newer than the versions of the API that it knows.
var Azurite = Server{name: "azurite", script: "dist/src/blob/main.js",
	args: func(address, _ string) []string {
		host, port, _ := net.SplitHostPort(address)
		return []string{"--blobHost", host, "--blobPort", port, "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"}
	},
	makes: func(ctx context.Context, address string) error {
		client, err := AzureClient(address)
		if err != nil {
			return err
		}
		if _, err = client.Create(ctx, nil); bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
			return nil
		}
		return err
	}}

// AzureLocation names a blob in the container.
func AzureLocation(address, key string) string {
	return "azblob://" + AzureAccount + "/" + Bucket + "/" + key + "?endpoint=http://" + address + "/" + AzureAccount
}

// AzureClient is a plain client of the container.
func AzureClient(address string) (*container.Client, error) {
	creds, err := container.NewSharedKeyCredential(AzureAccount, AzureKey)
	if err != nil {
		return nil, err
	}
	return container.NewClientWithSharedKeyCredential("http://"+address+"/"+AzureAccount+"/"+Bucket, creds, nil)
}
