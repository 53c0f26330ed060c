// Beside vitest's TAP reporter, which keeps to itself what failed outside of every case: a promise that was rejected
// and unheard, a timer that threw. Such a run ends with code 1; this says why.

export default class TellUnheard {
  onTestRunEnd(_modules, errors) {
    for (const error of errors) {
      const where = [error.VITEST_TEST_PATH, error.VITEST_TEST_NAME].filter(Boolean).join(' > ');
      const text = `${error.type ?? 'Error'} outside of the cases${where ? `, during or after ${where}` : ''}\n${error.stack ?? error.message}`;
      for (const line of text.split('\n')) console.log(`# ${line}`);
    }
  }
}
