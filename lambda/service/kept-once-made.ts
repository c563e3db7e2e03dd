/** Makes a value at its first use and keeps it. A failure is not kept: the next use tries again. */
export function keptOnceMade<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let kept: Promise<Value> | undefined;
  return () => {
    kept ??= make().catch((error: unknown) => {
      kept = undefined;
      throw error;
    });
    return kept;
  };
}
