/** What a change of a stack works with besides the stack: files, and the means to make stacks within stacks. */
import type { Stack } from './stack.ts';
import type { ImageAsset } from '../../lib/assembly/cloud-assembly.ts';
import type { Json, JsonObject } from '../../lib/assembly/template.ts';

export interface Surroundings {
  /** The directory or file of an asset, by its object key. */
  readonly asset: (objectKey: string) => string | undefined;
  /** What a container image of the assembly is built from, by `REPOSITORY:TAG`. @default - there are none */
  readonly image?: ((repositoryAndTag: string) => ImageAsset | undefined) | undefined;
  /** Fetches the assets that resolved properties name, so that `asset` finds them. */
  readonly fetchAssets?: ((properties: JsonObject) => Promise<void>) | undefined;
  /** Where files that templates hold as text can be written. */
  readonly workDirectory: string;
  /** False leaves a failed stack as it is. */
  readonly rollback: boolean;
  /** The token of the request, for the events. */
  readonly token?: string | undefined;
}

/** Stacks within stacks. */
export interface NestedStacks {
  /** Makes or changes it. */
  apply(
    parent: Stack,
    name: string,
    template: JsonObject,
    parameters: Readonly<Record<string, string>>,
    surroundings: Surroundings,
  ): Promise<{ readonly stackId: string; readonly outputs: Readonly<Record<string, Json>> }>;
  /** By name or id; one that is not there is no error. */
  remove(nameOrId: string, surroundings: Surroundings): Promise<void>;
}
