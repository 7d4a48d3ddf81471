import { type BinaryLike, pbkdf2, randomBytes, scrypt } from "node:crypto";
import { promisify } from "node:util";
import { hash as argon2Hash } from "@node-rs/argon2";
import { hash as bcryptHash } from "@node-rs/bcrypt";
import { encrypt } from "unixcrypt";

/**
 * Password hashes as applications store them, each with its own salt. They are slow on purpose and run on other threads, except SHA-2
 * crypt. Error messages never contain the password.
 */
export const passwordHelpers: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
  bcrypt: hashing(bcrypt),
  argon2id: hashing(argon2id),
  scrypt: hashing(scryptText),
  pbkdf2: hashing(pbkdf2Text),
  sha512crypt: hashing((password, options) => shaCrypt("6", password, options)),
  sha256crypt: hashing((password, options) => shaCrypt("5", password, options)),
};

type Options = Readonly<Record<string, unknown>>;

/** An absent password gives no hash. Invalid options and numbers out of range are refused. */
function hashing(hash: (password: string, options: Options) => Promise<string> | string) {
  return (password: unknown, options: unknown = {}): Promise<string> | string | undefined => {
    if (password === undefined || password === null || password === "") return undefined;
    if (typeof password !== "string") throw new TypeError("a password must be text");
    if (typeof options !== "object" || options === null)
      throw new TypeError('options must be an object, such as {"rounds": 12}');
    return hash(password, options as Options);
  };
}

function number(options: Options, name: string, usual: number, least: number, most: number): number {
  const value = options[name] ?? usual;
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most)
    throw new RangeError(`"${name}" must be a whole number from ${least} to ${most}`);
  return value;
}

function oneOf<const T extends string>(options: Options, name: string, values: readonly [T, ...T[]]): T {
  const value = (options[name] ?? values[0]) as T;
  if (!values.includes(value)) throw new RangeError(`"${name}" must be one of ${values.join(", ")}`);
  return value;
}

/** bcrypt ignores everything after 72 bytes: a longer password is refused, not truncated. */
const BCRYPT_BYTES = 72;

/** `$bcrypt(password, {"rounds": 12, "version": "2b"})`: `$2b$12$...`; PHP's is version 2y. */
async function bcrypt(password: string, options: Options): Promise<string> {
  if (Buffer.byteLength(password) > BCRYPT_BYTES)
    throw new RangeError(`the password is longer than ${BCRYPT_BYTES} bytes, the maximum for bcrypt`);
  const cost = number(options, "rounds", 12, 4, 16);
  const version = oneOf(options, "version", ["2b", "2y", "2a"]);
  // The three are one algorithm, named after fixed bugs.
  return (await bcryptHash(password, cost)).replace(/^\$2[aby]\$/, `$${version}$`);
}

/** `$argon2id(password, {"memory": 19456, "passes": 2, "parallelism": 1})`, memory in KiB; Argon2id is the library's default. */
function argon2id(password: string, options: Options): Promise<string> {
  return argon2Hash(password, {
    memoryCost: number(options, "memory", 19_456, 8, 1_048_576),
    timeCost: number(options, "passes", 2, 1, 20),
    parallelism: number(options, "parallelism", 1, 1, 16),
  });
}

/** Base64 without padding, as hashes in the PHC string format have it. */
const phc = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");
const SALT_BYTES = 16;

/** `$scrypt(password, {"log2N": 17, "r": 8, "p": 1})`: `$scrypt$ln=17,r=8,p=1$salt$hash`, as passlib writes it. */
async function scryptText(password: string, options: Options): Promise<string> {
  const ln = number(options, "log2N", 17, 10, 20);
  const r = number(options, "r", 8, 1, 32);
  const p = number(options, "p", 1, 1, 16);
  const salt = randomBytes(SALT_BYTES);
  const derive = promisify<BinaryLike, BinaryLike, number, object, Buffer>(scrypt);
  const derived = await derive(password, salt, 32, { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r });
  return `$scrypt$ln=${ln},r=${r},p=${p}$${phc(salt)}$${phc(derived)}`;
}

const LENGTHS = { sha256: 32, sha512: 64, sha1: 20 } as const;

/**
 * `$pbkdf2(password, {"digest": "sha256", "iterations": 600000, "format": "passlib"})`: like passlib, `$pbkdf2-sha256$600000$salt$hash`, or
 * Django, `pbkdf2_sha256$600000$salt$hash`.
 */
async function pbkdf2Text(password: string, options: Options): Promise<string> {
  const digest = oneOf(options, "digest", ["sha256", "sha512", "sha1"]);
  const iterations = number(options, "iterations", 600_000, 1000, 5_000_000);
  const derive = (salt: BinaryLike) => promisify(pbkdf2)(password, salt, iterations, LENGTHS[digest], digest);
  if (oneOf(options, "format", ["passlib", "django"]) === "django") {
    const salt = randomBytes(SALT_BYTES).toString("hex");
    return `pbkdf2_${digest}$${iterations}$${salt}$${(await derive(salt)).toString("base64")}`;
  }
  const salt = randomBytes(SALT_BYTES);
  const adapted = (bytes: Buffer) => phc(bytes).replaceAll("+", ".");
  const name = digest === "sha1" ? "pbkdf2" : `pbkdf2-${digest}`;
  return `$${name}$${iterations}$${adapted(salt)}$${adapted(await derive(salt))}`;
}

/** `$sha512crypt(password, {"rounds": 5000})`: `$6$salt$hash`, as crypt(3) has it. */
function shaCrypt(id: "5" | "6", password: string, options: Options): string {
  const rounds = number(options, "rounds", 5000, 1000, 100_000);
  const salt = randomBytes(12).toString("base64").replaceAll("+", ".");
  return encrypt(password, `$${id}$${rounds === 5000 ? "" : `rounds=${rounds}$`}${salt}`);
}
