#!/usr/bin/env bash
# Puts aliasctl into $RUNNER_TEMP/aliasctl and into the PATH of the job: the release
# $VERSION from $DOWNLOAD_URL, when its SHA-256 is the one of its checksums.txt and,
# where that is given, $CHECKSUM; or what is compiled from the sources of the action.
set -euo pipefail

fail() {
  echo "::error title=aliasctl::$1"
  exit 1
}

bin=$RUNNER_TEMP/aliasctl
mkdir -p "$bin"
version=${VERSION:-${ACTION_REF:-}}
if [ "$version" = source ]; then
  command -v go > /dev/null || fail "version: source needs Go in the PATH"
  go build -C "$GITHUB_ACTION_PATH/../../.." -trimpath -o "$bin/" .
  echo "$bin" >> "$GITHUB_PATH"
  exit 0
fi
version=${version#v}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+([.+-][0-9A-Za-z.+-]+)?$ ]] ||
  fail "\"$version\" is no release: set the input version to one, as 1.0.0, or to source"

case $(uname -s) in
  Linux) os=linux ;;
  Darwin) os=darwin ;;
  MINGW* | MSYS* | CYGWIN*) os=windows ;;
  *) fail "there is no release for $(uname -s): set the input version to source" ;;
esac
case $(uname -m) in
  x86_64 | amd64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) fail "there is no release for $(uname -m): set the input version to source" ;;
esac
archive=aliasctl_${version}_${os}_${arch}.tar.gz
[ $os != windows ] || archive=${archive%.tar.gz}.zip
url=${DOWNLOAD_URL:-${GITHUB_SERVER_URL:-https://github.com}/${ACTION_REPOSITORY:-}/releases/download/v$version}
[ -n "$DOWNLOAD_URL$ACTION_REPOSITORY" ] || fail "the repository of the action is not known: set the input download-url"

download=$(mktemp -d "$RUNNER_TEMP/aliasctl-download.XXXXXX")
trap 'rm -rf "$download"' EXIT
for file in "$archive" checksums.txt; do
  curl --fail --silent --show-error --location --retry 3 --output "$download/$file" "$url/$file" ||
    fail "$url/$file cannot be downloaded: is there a release $version?"
done

if command -v sha256sum > /dev/null; then sum=$(sha256sum "$download/$archive"); else sum=$(shasum -a 256 "$download/$archive"); fi
sum=${sum%% *}
want=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$download/checksums.txt")
[ "$sum" = "$want" ] || fail "$archive has the SHA-256 $sum, and checksums.txt has ${want:-none for it}: it is not installed"
[ -z "$CHECKSUM" ] || [ "$sum" = "$CHECKSUM" ] || fail "$archive has the SHA-256 $sum, and the input checksum is $CHECKSUM: it is not installed"

if [ $os = windows ]; then
  unzip -q -o "$download/$archive" aliasctl.exe -d "$bin"
else
  tar -xzf "$download/$archive" -C "$bin" aliasctl
fi
echo "$bin" >> "$GITHUB_PATH"
"$bin/aliasctl" version
