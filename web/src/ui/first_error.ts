// A long form that was refused: the first field that is wrong comes into sight and takes the focus, so that its
// sentence is read. Does nothing where no field is at fault.

import { nextTick } from 'vue';

export async function showFirstError(form: ParentNode | null): Promise<void> {
  await nextTick(); // until then no field is marked
  const field = form?.querySelector<HTMLElement>('[aria-invalid="true"]');
  field?.scrollIntoView?.({ block: 'center' });
  field?.focus({ preventScroll: true });
}
