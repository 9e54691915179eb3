// The shape of a module's option table, as the build generates it from <module>.yml.

/** Ansible's option types that this project supports; the build refuses any other. */
export type OptionType = "bool" | "dict" | "float" | "int" | "list" | "path" | "raw" | "str";

export interface OptionSpec {
  readonly type: OptionType;
  readonly elements?: OptionType;
  readonly aliases?: readonly string[];
  readonly default?: unknown;
  readonly no_log?: boolean;
  readonly options?: OptionsSpec;
}

export type OptionsSpec = Readonly<Record<string, OptionSpec>>;

/** One complaint of the generated validator: the fields of ajv's ErrorObject that are read here. */
export interface ValidationError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A validator that ajv compiled at build time. */
export interface Validator {
  (data: unknown): boolean;
  errors?: readonly ValidationError[] | null;
}

/** What a generated file exports for one module; `Options` is the type its validator guards. */
export interface ModuleSpec<Options> {
  readonly name: string;
  readonly options: OptionsSpec;
  readonly mutuallyExclusive: readonly (readonly string[])[];
  readonly requiredOneOf: readonly (readonly string[])[];
  readonly requiredIf: readonly {
    readonly option: string;
    readonly value: unknown;
    readonly names: readonly string[];
  }[];
  readonly validate: Validator;
  /** Keys of the result that every run has, a failed one too (with null where nothing is known). */
  readonly returned: readonly string[];
  /** Keys of the result that hold versions, digests and the like: redaction leaves them alone. */
  readonly facts: readonly string[];
  /** Never set; ties the generated type to the generated validator. */
  readonly optionsType?: Options;
}
