/** Change between two contracts. */
export interface Change {
  /** `breaking` fails the comparison; `allowed` is a change that a new major version permits; `notice` is harmless. */
  readonly level: 'breaking' | 'allowed' | 'notice';
  readonly kind: ChangeKind;
  readonly api: string;
  readonly method?: string;
  readonly argument?: string;
  readonly message: string;
}

/** Kinds of changes. */
export type ChangeKind =
  | 'removed-api'
  | 'changed-target'
  | 'lowered-version'
  | 'removed-method'
  | 'changed-kind'
  | 'changed-fanout'
  | 'changed-server'
  | 'changed-alias'
  | 'lowered-since'
  | 'raised-since'
  | 'removed-fallback'
  | 'new-required-argument'
  | 'removed-argument'
  | 'closed-arguments'
  | 'changed-type'
  | 'missing-version-bump'
  | 'added-method'
  | 'added-argument'
  | 'added-alias'
  | 'not-compared';

/** Change without the API that it is about. */
export type MethodChange = Omit<Change, 'api'>;
