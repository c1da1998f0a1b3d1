//! Names of 64 bits that are written as 16 hex digits.

/// Writes `$word(u64)` in text formats as 16 hex digits, and else as the number.
macro_rules! in_hex {
    ($word:ident) => {
        impl std::fmt::Display for $word {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        impl std::str::FromStr for $word {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let bits = u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16);
                bits.map(Self).ok_or_else(|| format!("`{text}` is no value of 16 hex digits"))
            }
        }

        impl serde::Serialize for $word {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
            }
        }

        impl<'de> serde::Deserialize<'de> for $word {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if !deserializer.is_human_readable() {
                    return u64::deserialize(deserializer).map(Self);
                }
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
