package s3

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"aliasctl/internal/state"
)

// Scheme begins the location of a state in an object.
const Scheme = "s3"

// objectURL is the location of an object, taken apart.
type objectURL struct {
	bucket, key string
	endpoint    string // host, or host:port
	region      string // "" to ask the store
	secure      bool   // TLS
	history     int
	sse         string // server-side encryption that writes ask for, "" for that of the bucket
	kmsKey      string
	lookup      minio.BucketLookupType // where the bucket stands in a request
}

// parseURL takes a location apart. Its errors do not repeat it: what is
// refused may be a credential.
func parseURL(location string) (objectURL, error) {
	refuse := func(format string, args ...any) (objectURL, error) {
		return objectURL{}, &state.UnsupportedError{Scheme: Scheme, Why: fmt.Sprintf(format, args...)}
	}
	u, parameters, err := state.ParseURL(Scheme, location)
	if err != nil {
		return objectURL{}, err
	}
	o := objectURL{bucket: u.Host, key: strings.TrimPrefix(u.Path, "/"), endpoint: "s3.amazonaws.com", secure: true}
	switch {
	case u.User != nil:
		return refuse("it holds a user: give credentials as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
	case o.bucket == "" || u.Port() != "":
		return refuse("it names no bucket: it is s3://BUCKET/KEY?endpoint=HOST:PORT")
	case o.key == "" || strings.HasSuffix(o.key, "/"):
		return refuse("it names no object: it is s3://BUCKET/KEY?endpoint=HOST:PORT")
	}
	insecure := false
	for _, p := range parameters {
		ok := true
		switch value := p.Value; p.Name {
		case "endpoint":
			o.endpoint = value
		case "region":
			o.region = value
		case "insecure":
			insecure, err = strconv.ParseBool(value)
			ok = err == nil
		case "history":
			o.history, err = strconv.Atoi(value)
			ok = err == nil && o.history >= 0
		case "sse":
			o.sse = value
			ok = value == "AES256" || value == "aws:kms"
		case "kms_key_id":
			o.kmsKey = value
			ok = value != "" && state.IsPlain(value)
		case "path_style":
			var inPath bool
			inPath, err = strconv.ParseBool(value)
			ok = err == nil
			if o.lookup = minio.BucketLookupDNS; inPath {
				o.lookup = minio.BucketLookupPath
			}
		default:
			return refuse("%q is not a parameter of it: there are endpoint, region, insecure, path_style, sse, kms_key_id and history", state.Excerpt(p.Name, 40))
		}
		if !ok {
			return refuse("%s has no valid value", p.Name)
		}
	}
	if o.kmsKey != "" && o.sse != "aws:kms" {
		return refuse("kms_key_id goes with sse=aws:kms")
	}
	scheme, host, spelled := strings.Cut(o.endpoint, "://")
	switch {
	case !spelled:
		o.endpoint, o.secure = strings.TrimSuffix(o.endpoint, "/"), !insecure
	case scheme == "http" || scheme == "https" && !insecure:
		o.endpoint, o.secure = strings.TrimSuffix(host, "/"), scheme == "https"
	default:
		return refuse("the scheme of its endpoint does not fit: insecure=true is plain http")
	}
	if !isHost(o.endpoint) {
		return refuse("its endpoint is not HOST or HOST:PORT")
	}
	if why := o.badBucket(); why != "" {
		return refuse("its bucket has no valid name: %s", why)
	}
	return o, nil
}

// badBucket reports why no store can have a bucket of this name, "" when it can.
// AWS makes host names of them; others are as lenient as S3 once was.
func (o objectURL) badBucket() string {
	switch {
	case s3utils.IsAmazonEndpoint(url.URL{Host: o.endpoint}) && s3utils.CheckValidBucketNameStrict(o.bucket) != nil:
		return "it is 3 to 63 lower-case letters, digits, dots and hyphens"
	case s3utils.CheckValidBucketName(o.bucket) != nil:
		return "it is 3 to 63 letters, digits, dots, hyphens and underscores"
	}
	return ""
}

func isHost(endpoint string) bool {
	u, err := url.Parse("//" + endpoint)
	if err != nil || u.Host != endpoint || u.Hostname() == "" || u.User != nil {
		return false
	}
	_, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return u.Port() == ""
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}
