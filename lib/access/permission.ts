/** What may or may not be done, and why not. */
import type { Resource } from '../assembly/index.ts';
import type { Actor } from './actor.ts';

/** One thing that has to be allowed. */
export interface Permission {
  readonly actor: Actor;
  /** For example `sqs:SendMessage`. */
  readonly action: string;
  readonly resourceArn: string;
  /** Condition keys of the action itself. */
  readonly keys?: Readonly<Record<string, string>>;
}

export type PolicyKind =
  | 'identity policy'
  | 'trust policy'
  | 'queue policy'
  | 'topic policy'
  | 'bus policy'
  | 'function policy'
  | 'key policy'
  | 'permissions boundary';

export type Access =
  | { readonly verdict: 'allowed'; readonly permission: Permission }
  /** A policy outside the assembly decides. */
  | { readonly verdict: 'unknown'; readonly permission: Permission; readonly because: string }
  | { readonly verdict: 'denied'; readonly permission: Permission; readonly refusal: Refusal };

export interface Refusal {
  /** The policy that denies, or in which the Allow is missing. */
  readonly policy: PolicyKind;
  /** What the policy belongs to: the queue, topic, key, or role. */
  readonly owner: Resource | undefined;
  /** True where a statement denies; else one that allows is missing. */
  readonly explicit: boolean;
  /** The Sid of the statement that denies. */
  readonly sid: string | undefined;
  /** What to add, where something is missing. */
  readonly statement: object | undefined;
  /** One sentence. */
  readonly message: string;
}
