import type { AttributeInfo } from "../../connector/attribute-info.ts";
import type { Completions, Mistake, PlayInput, TableRow, Trial } from "../../play/shown.ts";

/** An attribute of a backend's schema. */
export type { AttributeInfo } from "../../connector/attribute-info.ts";
/** What trials show, and what editors suggest. */
export type {
  AskedCall,
  Completions,
  FilterSplit,
  JsonObject,
  Mistake,
  PlayInput,
  Suggestion,
  TableRow,
  Trial,
} from "../../play/shown.ts";

/** A resource type of a route, with its mapping. */
export interface MappedType {
  readonly route: string;
  readonly type: string;
  /** The connector's name and type. */
  readonly connector: string;
  readonly backend: string;
  readonly kind: string;
  /** The mapping's file, as messages name it. */
  readonly file: string;
  /** Undefined while the mapping has mistakes. */
  readonly rows: readonly TableRow[] | undefined;
}

/** `GET /console/api/mappings`. */
export interface MappingList {
  readonly mappings: readonly MappedType[];
  /** Whether operators may save mapping files and tests. */
  readonly maySave: boolean;
  /** Whether live entries and references may be read from the backends. */
  readonly mayAsk: boolean;
}

/** A file's text, with its hash: whoever saves it proves by that to know what is replaced. */
export interface FileText {
  readonly file: string;
  readonly text: string;
  readonly hash: string;
  /** Whether it may be saved: shipped files never are. */
  readonly maySave: boolean;
}

/** `GET /console/api/mappings/file?route=&type=`. */
export interface MappingFile {
  readonly mapping: FileText;
  readonly types: FileText | undefined;
  readonly completions: Completions;
  /** Inputs to begin with. */
  readonly examples: readonly PlayInput[];
}

/** `GET /console/api/mappings/attributes?route=&type=&kind=`: what the backend says of a kind's attributes. */
export interface KindAttributes {
  /** Empty if the backend publishes no schema, or nobody may ask it here. */
  readonly attributes: readonly AttributeInfo[];
}

/** `POST /console/api/mappings/play`. Without texts, the mapping in force is tried. */
export interface PlayRequest {
  readonly route: string;
  readonly type: string;
  readonly mapping?: string | undefined;
  readonly types?: string | undefined;
  readonly input: PlayInput;
  /** Whether references are looked up in the backend. */
  readonly live?: boolean | undefined;
}

/** What follows from it. */
export interface PlayAnswer {
  /** Mistakes and warnings of the texts. With mistakes there is no trial. */
  readonly problems: readonly Mistake[];
  readonly trial: Trial | undefined;
}

/** `POST /console/api/mappings/entry`: a live entry, by its resource's id. */
export interface LiveEntry {
  readonly entry: Readonly<Record<string, unknown>>;
}

/** `POST /console/api/mappings/save`. */
export interface SaveRequest {
  readonly route: string;
  readonly type: string;
  readonly what: "mapping" | "types" | "test";
  /** The new text, and the hash of the text that it replaces; for a test the input, and what it shows. */
  readonly text?: string | undefined;
  readonly hash?: string | undefined;
  readonly input?: PlayInput | undefined;
  readonly name?: string | undefined;
}

/** What was saved. */
export interface Saved {
  readonly file: string;
  readonly hash: string;
}
