/** What a file of tests can change of its worker's process, and puts right again: environment, directory, exit code, globals. */

interface ProcessState {
  restore(): void;
}

export function processState(): ProcessState {
  const environment = { ...process.env };
  const directory = process.cwd();
  const { exit, exitCode } = process;
  const globals = Object.getOwnPropertyDescriptors(globalThis);

  return {
    restore() {
      for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
      Object.assign(process.env, environment);
      process.chdir(directory);
      process.exit = exit;
      process.exitCode = exitCode;
      restoreGlobals(globals);
    },
  };
}

/** What a package has added stays: it is loaded once. */
function restoreGlobals(before: PropertyDescriptorMap): void {
  for (const key of Reflect.ownKeys(before)) {
    const [now, then] = [Object.getOwnPropertyDescriptor(globalThis, key), before[key as string]];
    if (then?.configurable === true && (now?.value !== then.value || now?.get !== then.get)) {
      Object.defineProperty(globalThis, key, then);
    }
  }
}
