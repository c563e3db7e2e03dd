/** The systems that stacks belong to, by their names: nothing else in an assembly says it. */

/** `ConsumerStacks` of a system `core` are `coreconsumers1` and so on; others just count. */
const PART_OF_SYSTEM = /^-?(consumers)?-?\d+$/i;

/**
 * `waybill-prod-core` among `waybill-prod-*` is `core`, and so is `waybill-prod-coreconsumers4` where there is the
 * former.
 */
export function systemsOf(stackNames: readonly string[]): (stackName: string) => string {
  const shorten = withoutSharedParts(stackNames);
  const names = stackNames.map(shorten);
  return (stackName) => {
    const name = shorten(stackName);
    return (
      names.find(
        (other) => other !== name && name.startsWith(other) && PART_OF_SYSTEM.test(name.slice(other.length)),
      ) ?? name
    );
  };
}

/** Leaves at least one part of each name. */
function withoutSharedParts(stackNames: readonly string[]): (stackName: string) => string {
  const parts = stackNames.map((name) => name.split('-'));
  const first = parts[0] ?? [];
  let shared = 0;
  while (
    stackNames.length > 1 &&
    parts.every((of) => of.length > shared + 1 && of[shared] === first[shared])
  ) {
    shared += 1;
  }
  return (stackName) => stackName.split('-').slice(shared).join('-');
}
