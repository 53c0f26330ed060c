export const live = {
  title: 'Live',
  heading: 'Live cameras',
};
