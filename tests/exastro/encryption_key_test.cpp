#include "exastro/encryption_key.h"

#include <gtest/gtest.h>

#include "error.h"
#include "exastro/encoding.h"

namespace exastro {
namespace {

TEST(EncryptionKey, WhatTheApplicationStoredIsRead) {
  // By `openssl enc -aes-256-cbc -K <32 times 6b> -iv <16 times 31>`, after the IV.
  const std::string key = base64_encode(std::string(32, 'k'));
  EXPECT_EQ(decrypt_secret(key, "MTExMTExMTExMTExMTExMQr9lfl7qCPUiNsoRt5BD/Q="), "p@ss 'word\"");
}

TEST(EncryptionKey, ASecretIsReadUnderItsOwnKeyAlone) {
  const std::string key = base64_encode(std::string(32, 'a'));
  const std::string other = base64_encode(std::string(32, 'b'));
  for (const std::string plain : {"", "x", "sixteen bytes ok", "日本語のパスワード"}) {
    const std::string stored = encrypt_secret(key, plain);
    EXPECT_EQ(decrypt_secret(key, stored), plain);
    EXPECT_NE(stored, encrypt_secret(key, plain)) << "a new IV each time";
    EXPECT_NE(decrypt_secret(other, stored), plain);
  }
}

TEST(EncryptionKey, WhatIsNoSecretIsNone) {
  const std::string key = base64_encode(std::string(32, 'a'));
  for (const char* stored : {"", "plain", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA==", "!!!!"}) {
    EXPECT_FALSE(decrypt_secret(key, stored)) << stored;
  }
}

TEST(EncryptionKey, WhatIsNoKeyIsAnError) {
  EXPECT_THROW(static_cast<void>(decrypt_secret("short", "AAAA")), Error);
  EXPECT_THROW(static_cast<void>(encrypt_secret(base64_encode("sixteen bytes ok"), "x")), Error);
}

}  // namespace
}  // namespace exastro
